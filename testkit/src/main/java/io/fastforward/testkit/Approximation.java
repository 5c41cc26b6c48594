package io.fastforward.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;

/**
 * Numbers in double precision, each with a bound on the error that single-precision arithmetic may make on the way
 * to it: a sum of n products may be off by (n + 4)·u·Σ|w·x|, u = 2⁻²⁴ (Higham, Accuracy and Stability of Numerical
 * Algorithms, 3.1), and errors of its inputs pass through the absolute values of the weights.
 *
 * @param value the numbers
 * @param error the bounds
 */
record Approximation(double[] value, double[] error) {

    /** The unit roundoff of single precision. */
    static final double UNIT = 0x1.0p-24;

    /** Bounds are first order and per operation; a correct implementation stays within this multiple of them. */
    private static final double SLACK = 2;

    static Approximation zeros(int length) {
        return new Approximation(new double[length], new double[length]);
    }

    static Approximation exactly(double[] value) {
        return new Approximation(value, new double[value.length]);
    }

    Approximation copy() {
        return new Approximation(value.clone(), error.clone());
    }

    Approximation leading(int length) {
        return new Approximation(Arrays.copyOf(value, length), Arrays.copyOf(error, length));
    }

    int length() {
        return value.length;
    }

    /** Adds an error that is a multiple of the unit roundoff of the number itself. */
    void round(int index, double units) {
        error[index] += units * UNIT * Math.abs(value[index]);
    }

    void assertMatches(float[] actual, String what) {
        assertThat(actual).as(what).hasSize(value.length);
        for (int i = 0; i < actual.length; i++) {
            double bound = SLACK * error[i] + Float.MIN_NORMAL;
            if (!(Math.abs(actual[i] - value[i]) <= bound)) {
                throw new AssertionError(
                        what + ": element " + i + " is " + actual[i] + ", should be " + value[i] + " ± " + bound);
            }
        }
    }
}
