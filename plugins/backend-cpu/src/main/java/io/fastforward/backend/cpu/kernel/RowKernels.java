package io.fastforward.backend.cpu.kernel;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Everything between the matrix products, one row of single-precision numbers at a time. A row is some memory, the
 * index of its first element there, and a length. These are plain loops; {@link #best} gives faster ones where the Java
 * virtual machine has the Vector API.
 */
public class RowKernels {

    /** The module that holds the Vector API. */
    public static final String VECTOR_MODULE = "jdk.incubator.vector";

    /** Why the vectorised kernels cannot be used; empty if they can. */
    public static Optional<String> missingVectorApi() {
        return ModuleLayer.boot().findModule(VECTOR_MODULE).isPresent()
                ? Optional.empty()
                : Optional.of("Java runs without the module " + VECTOR_MODULE + ", so all but matrix products is slow");
    }

    /** The fastest ones that this Java virtual machine can run. */
    public static RowKernels best() {
        return missingVectorApi().isEmpty() ? new SimdKernels() : new RowKernels();
    }

    RowKernels() {}

    /** What they are, for people. */
    public String description() {
        return "plain Java loops";
    }

    /** target = source, converted to single precision. */
    public void widen(
            DataType type, MemorySegment source, long sourceByte, MemorySegment target, long first, int length) {
        for (int i = 0; i < length; i++) {
            target.setAtIndex(JAVA_FLOAT, first + i, type.get(source, sourceByte + (long) i * type.bytes()));
        }
    }

    /** target = source, rounded to the nearest bfloat16 numbers; NaN stays NaN. The target's elements have 16 bits. */
    public void roundToBfloat16(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        for (int i = 0; i < length; i++) {
            short rounded = DataType.toBfloat16(source.getAtIndex(JAVA_FLOAT, sourceFirst + i));
            target.setAtIndex(JAVA_SHORT, first + i, rounded);
        }
    }

    /** target = normalised source. */
    public void normalize(
            Normalization normalization,
            MemorySegment weight,
            @Nullable MemorySegment bias,
            MemorySegment source,
            long sourceFirst,
            MemorySegment target,
            long first,
            int length) {
        double mean = 0;
        if (normalization.kind() == Normalization.Kind.LAYER) {
            for (int i = 0; i < length; i++) {
                mean += source.getAtIndex(JAVA_FLOAT, sourceFirst + i);
            }
            mean /= length;
        }
        double squares = 0;
        for (int i = 0; i < length; i++) {
            double centred = source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean;
            squares += centred * centred;
        }
        double factor = 1 / Math.sqrt(squares / length + normalization.epsilon());
        for (int i = 0; i < length; i++) {
            double centred = source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean;
            double shift = bias == null ? 0 : bias.getAtIndex(JAVA_FLOAT, i);
            double value = centred * factor * weight.getAtIndex(JAVA_FLOAT, i) + shift;
            target.setAtIndex(JAVA_FLOAT, first + i, (float) value);
        }
    }

    /** target += source. */
    public void add(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        for (int i = 0; i < length; i++) {
            float sum = target.getAtIndex(JAVA_FLOAT, first + i) + source.getAtIndex(JAVA_FLOAT, sourceFirst + i);
            target.setAtIndex(JAVA_FLOAT, first + i, sum);
        }
    }

    /** x = activation(x). */
    public void activate(Activation activation, MemorySegment x, long first, int length) {
        for (int i = 0; i < length; i++) {
            x.setAtIndex(JAVA_FLOAT, first + i, activate(activation, x.getAtIndex(JAVA_FLOAT, first + i)));
        }
    }

    /** gate = activation(gate) ⊙ up. */
    public void activate(
            Activation activation, MemorySegment gate, long first, MemorySegment up, long upFirst, int length) {
        for (int i = 0; i < length; i++) {
            float activated = activate(activation, gate.getAtIndex(JAVA_FLOAT, first + i));
            gate.setAtIndex(JAVA_FLOAT, first + i, activated * up.getAtIndex(JAVA_FLOAT, upFirst + i));
        }
    }

    static float activate(Activation activation, float x) {
        return switch (activation) {
            case SILU -> x / (1 + Exponential.exp(-x));
            case RELU -> Math.max(0, x);
        };
    }

    /** Turns the first {@code 2·half} elements; {@code table} has {@code half} cosines, then as many sines. */
    public void rotate(MemorySegment x, long first, MemorySegment table, long tableFirst, int half) {
        rotate(x, first, table, tableFirst, half, 0);
    }

    /** The same from some pair of elements on. */
    static void rotate(MemorySegment x, long first, MemorySegment table, long tableFirst, int half, int from) {
        for (int i = from; i < half; i++) {
            float cosine = table.getAtIndex(JAVA_FLOAT, tableFirst + i);
            float sine = table.getAtIndex(JAVA_FLOAT, tableFirst + half + i);
            float a = x.getAtIndex(JAVA_FLOAT, first + i);
            float b = x.getAtIndex(JAVA_FLOAT, first + half + i);
            x.setAtIndex(JAVA_FLOAT, first + i, a * cosine - b * sine);
            x.setAtIndex(JAVA_FLOAT, first + half + i, b * cosine + a * sine);
        }
    }

    /** The largest element; a NaN may go unnoticed. */
    public float maximum(MemorySegment x, long first, int length) {
        float maximum = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < length; i++) {
            maximum = Math.max(maximum, x.getAtIndex(JAVA_FLOAT, first + i));
        }
        return maximum;
    }

    /** x = exp(scale · (x − shift)); returns the sum. */
    public double exponentials(MemorySegment x, long first, int length, float shift, float scale) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            float power = Exponential.exp(scale * (x.getAtIndex(JAVA_FLOAT, first + i) - shift));
            x.setAtIndex(JAVA_FLOAT, first + i, power);
            sum += power;
        }
        return sum;
    }

    /** The largest element; NaN if any is infinite or NaN. */
    public float finiteMaximum(MemorySegment x, long first, int length) {
        float maximum = Float.NEGATIVE_INFINITY;
        float notANumber = 0; // becomes NaN with the first number that is not finite, since 0·∞ is NaN
        for (int i = 0; i < length; i++) {
            float value = x.getAtIndex(JAVA_FLOAT, first + i);
            maximum = Math.max(maximum, value);
            notANumber += 0 * value;
        }
        return maximum + notANumber;
    }

    /** Σ exp(x − shift). */
    public double sumOfExponentials(MemorySegment x, long first, int length, float shift) {
        double sum = 0;
        for (int i = 0; i < length; i++) {
            sum += Exponential.exp(x.getAtIndex(JAVA_FLOAT, first + i) - shift);
        }
        return sum;
    }

    /** target = factor · source. */
    public void scale(
            float factor, MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        for (int i = 0; i < length; i++) {
            target.setAtIndex(JAVA_FLOAT, first + i, factor * source.getAtIndex(JAVA_FLOAT, sourceFirst + i));
        }
    }

    /** sums += x, in double precision. */
    public void accumulate(MemorySegment x, long first, MemorySegment sums, long sumsFirst, int length) {
        for (int i = 0; i < length; i++) {
            double sum = sums.getAtIndex(JAVA_DOUBLE, sumsFirst + i) + x.getAtIndex(JAVA_FLOAT, first + i);
            sums.setAtIndex(JAVA_DOUBLE, sumsFirst + i, sum);
        }
    }

    /** sums += x², in double precision. */
    public void accumulateSquares(MemorySegment x, long first, MemorySegment sums, long sumsFirst, int length) {
        for (int i = 0; i < length; i++) {
            double value = x.getAtIndex(JAVA_FLOAT, first + i);
            sums.setAtIndex(JAVA_DOUBLE, sumsFirst + i, sums.getAtIndex(JAVA_DOUBLE, sumsFirst + i) + value * value);
        }
    }
}
