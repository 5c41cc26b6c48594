package io.fastforward.backend.tornado.kernel;

import java.util.List;
import java.util.stream.Stream;

/**
 * A number in double precision with a bound on the error that single precision may make on the way to it. Every
 * operation passes on the errors of what it is given and adds its own, a multiple of u = 2⁻²⁴ of its result: 1 for
 * sums, differences and products, and what OpenCL allows for the others. A sum of n products is thus off by at most
 * n·u·Σ|a·b|, give or take terms in u², which are in the bound too.
 *
 * @param error 0: exactly this number, down to the sign of a zero
 */
record Approximation(double value, double error) {

    /** The unit roundoff of single precision. */
    private static final double UNIT = 0x1.0p-24;

    /** OpenCL allows 2.5 units in the last place, each up to 2u of the number. */
    private static final int DIVISION = 5;

    /** OpenCL allows 3 units in the last place. */
    private static final int SQUARE_ROOT = 6;

    /** OpenCL allows 3 units in the last place. */
    private static final int EXPONENTIAL = 6;

    static Approximation exactly(double value) {
        return new Approximation(value, 0);
    }

    /** The sum of n numbers in any order: every one is rounded at most n − 1 times (Higham, Accuracy, 4.2). */
    static Approximation sum(Stream<Approximation> numbers) {
        List<Approximation> terms = numbers.toList();
        double value = 0;
        double error = 0;
        double magnitude = 0;
        for (Approximation term : terms) {
            value += term.value;
            error += term.error;
            magnitude += Math.abs(term.value) + term.error;
        }
        return new Approximation(value, error + relative(terms.size() - 1) * magnitude);
    }

    Approximation plus(Approximation other) {
        return new Approximation(value + other.value, error + other.error).rounded(1);
    }

    Approximation minus(Approximation other) {
        return new Approximation(value - other.value, error + other.error).rounded(1);
    }

    Approximation times(Approximation other) {
        double passed = Math.abs(value) * other.error + Math.abs(other.value) * error + error * other.error;
        return new Approximation(value * other.value, passed).rounded(1);
    }

    Approximation magnitude() {
        return new Approximation(Math.abs(value), error);
    }

    Approximation dividedBy(Approximation other) {
        double quotient = value / other.value;
        double passed = (error + Math.abs(quotient) * other.error) / Math.max(0, Math.abs(other.value) - other.error);
        return new Approximation(quotient, passed).rounded(DIVISION);
    }

    Approximation squareRoot() {
        double passed = Math.sqrt(value) - Math.sqrt(Math.max(0, value - error)); // the root is steeper below
        return new Approximation(Math.sqrt(value), passed).rounded(SQUARE_ROOT);
    }

    /** Devices that know powers of two alone round a multiple of the exponent, so that it is off by u of itself. */
    Approximation exponential() {
        double greatest = Math.exp(value + error + UNIT * Math.abs(value));
        return new Approximation(Math.exp(value), greatest - Math.exp(value)).rounded(EXPONENTIAL);
    }

    /** After so many roundings, each by at most u of the number. */
    Approximation rounded(double times) {
        return new Approximation(value, error + relative(times) * (Math.abs(value) + error));
    }

    private static double relative(double roundings) {
        return roundings * UNIT / (1 - roundings * UNIT);
    }

    boolean matches(float actual) {
        if (error == 0 || Double.isNaN(value) || Double.isInfinite(value)) {
            return Float.compare(actual, (float) value) == 0;
        }
        if (!(error < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException(this + " bounds nothing");
        }
        return Math.abs(actual - value) <= error + Float.MIN_NORMAL; // smaller numbers may be flushed to zero
    }
}
