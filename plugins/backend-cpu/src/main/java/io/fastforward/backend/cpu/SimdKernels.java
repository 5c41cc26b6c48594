package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;
import org.jspecify.annotations.Nullable;

/**
 * The row kernels with the Vector API: registers full of numbers, then the plain loop for the rest of the row. What
 * is not here is fast enough as a plain loop, or the compiler vectorises it by itself.
 */
final class SimdKernels extends ScalarKernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.vectorBitSize() > 512
            ? FloatVector.SPECIES_512
            : FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final VectorShuffle<Float> ROTATION_1 = VectorShuffle.iota(FLOATS, 1, 1, true);
    private static final VectorShuffle<Float> ROTATION_2 = VectorShuffle.iota(FLOATS, 2, 1, true);
    private static final VectorShuffle<Float> ROTATION_4 = VectorShuffle.iota(FLOATS, 4, 1, true);
    private static final VectorShuffle<Float> ROTATION_8 = VectorShuffle.iota(FLOATS, 8, 1, true);

    @Override
    public String description() {
        return "Vector API of " + FLOATS.vectorBitSize() + " bits";
    }

    @Override
    public void widen(
            DataType type, MemorySegment source, long sourceByte, MemorySegment target, long first, int length) {
        int i = 0;
        switch (type) {
            case F32 -> {
                MemorySegment.copy(source, sourceByte, target, first * Float.BYTES, (long) length * Float.BYTES);
                return;
            }
            case BF16 -> {
                for (; i <= length - FLOATS.length(); i += FLOATS.length()) {
                    halves(source, sourceByte + 2L * i)
                            .lanewise(VectorOperators.LSHL, 16)
                            .reinterpretAsFloats()
                            .intoMemorySegment(target, (first + i) * Float.BYTES, ORDER);
                }
            }
            case F16 -> {
                // The exponent moves from bias 15 to 127; subnormal halves are made normal by a subtraction.
                for (; i <= length - FLOATS.length(); i += FLOATS.length()) {
                    IntVector bits = halves(source, sourceByte + 2L * i);
                    IntVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
                    IntVector rebiased = magnitude.add((127 - 15) << 23);
                    IntVector special = rebiased.add((128 - 16) << 23);
                    IntVector subnormal = magnitude
                            .add((127 - 14) << 23)
                            .reinterpretAsFloats()
                            .sub(0x1.0p-14f)
                            .reinterpretAsInts();
                    rebiased.blend(special, magnitude.compare(VectorOperators.GE, 0x7C00 << 13))
                            .blend(subnormal, magnitude.compare(VectorOperators.LT, 0x0400 << 13))
                            .or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16))
                            .reinterpretAsFloats()
                            .intoMemorySegment(target, (first + i) * Float.BYTES, ORDER);
                }
            }
        }
        super.widen(type, source, sourceByte + (long) i * type.bytes(), target, first + i, length - i);
    }

    /** Sixteen-bit numbers without sign extension, one in each 32-bit lane. */
    private static IntVector halves(MemorySegment source, long sourceByte) {
        return (IntVector) ShortVector.fromMemorySegment(SHORTS, source, sourceByte, ByteOrder.LITTLE_ENDIAN)
                .convertShape(VectorOperators.ZERO_EXTEND_S2I, INTS, 0);
    }

    @Override
    public void normalize(
            Normalization normalization,
            MemorySegment weight,
            @Nullable MemorySegment bias,
            MemorySegment source,
            long sourceFirst,
            MemorySegment target,
            long first,
            int length) {
        int bound = FLOATS.loopBound(length);
        float mean = normalization.kind() == Normalization.Kind.LAYER ? mean(source, sourceFirst, length) : 0;
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector centred = load(source, sourceFirst + i).sub(mean);
            squares = centred.fma(centred, squares);
        }
        double sum = sum(squares);
        for (int i = bound; i < length; i++) {
            float centred = source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean;
            sum += (double) centred * centred;
        }
        float factor = (float) (1 / Math.sqrt(sum / length + normalization.epsilon()));
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector value =
                    load(source, sourceFirst + i).sub(mean).mul(factor).mul(load(weight, i));
            store(bias == null ? value : value.add(load(bias, i)), target, first + i);
        }
        for (int i = bound; i < length; i++) {
            float value =
                    (source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean) * factor * weight.getAtIndex(JAVA_FLOAT, i);
            target.setAtIndex(JAVA_FLOAT, first + i, bias == null ? value : value + bias.getAtIndex(JAVA_FLOAT, i));
        }
    }

    private static float mean(MemorySegment x, long first, int length) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            sums = sums.add(load(x, first + i));
        }
        double sum = sum(sums);
        for (int i = bound; i < length; i++) {
            sum += x.getAtIndex(JAVA_FLOAT, first + i);
        }
        return (float) (sum / length);
    }

    @Override
    public void add(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            store(load(target, first + i).add(load(source, sourceFirst + i)), target, first + i);
        }
        super.add(source, sourceFirst + bound, target, first + bound, length - bound);
    }

    @Override
    public void activate(Activation activation, MemorySegment x, long first, int length) {
        int bound = FLOATS.loopBound(length);
        if (activation == Activation.SILU) {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(silu(load(x, first + i)), x, first + i);
            }
        } else {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(load(x, first + i).max(0), x, first + i);
            }
        }
        super.activate(activation, x, first + bound, length - bound);
    }

    @Override
    public void activate(
            Activation activation, MemorySegment gate, long first, MemorySegment up, long upFirst, int length) {
        int bound = FLOATS.loopBound(length);
        if (activation == Activation.SILU) {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(silu(load(gate, first + i)).mul(load(up, upFirst + i)), gate, first + i);
            }
        } else {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(load(gate, first + i).max(0).mul(load(up, upFirst + i)), gate, first + i);
            }
        }
        super.activate(activation, gate, first + bound, up, upFirst + bound, length - bound);
    }

    private static FloatVector silu(FloatVector x) {
        return x.div(exp(x.neg()).add(1));
    }

    @Override
    public void rotate(MemorySegment x, long first, MemorySegment table, long tableFirst, int half) {
        int i = 0;
        for (; i <= half - FLOATS.length(); i += FLOATS.length()) {
            FloatVector cosine = load(table, tableFirst + i);
            FloatVector sine = load(table, tableFirst + half + i);
            FloatVector a = load(x, first + i);
            FloatVector b = load(x, first + half + i);
            store(a.mul(cosine).sub(b.mul(sine)), x, first + i);
            store(b.mul(cosine).add(a.mul(sine)), x, first + half + i);
        }
        for (; i < half; i++) {
            float cosine = table.getAtIndex(JAVA_FLOAT, tableFirst + i);
            float sine = table.getAtIndex(JAVA_FLOAT, tableFirst + half + i);
            float a = x.getAtIndex(JAVA_FLOAT, first + i);
            float b = x.getAtIndex(JAVA_FLOAT, first + half + i);
            x.setAtIndex(JAVA_FLOAT, first + i, a * cosine - b * sine);
            x.setAtIndex(JAVA_FLOAT, first + half + i, b * cosine + a * sine);
        }
    }

    @Override
    public double exponentials(MemorySegment x, long first, int length, float scale) {
        int bound = FLOATS.loopBound(length);
        // A NaN may get lost in the maximum, but not in its own exponential.
        float maximum = maximum(x, first, length, bound);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector power = exp(load(x, first + i).sub(maximum).mul(scale));
            store(power, x, first + i);
            sums = sums.add(power);
        }
        double sum = sum(sums);
        for (int i = bound; i < length; i++) {
            float power = Exponential.exp(scale * (x.getAtIndex(JAVA_FLOAT, first + i) - maximum));
            x.setAtIndex(JAVA_FLOAT, first + i, power);
            sum += power;
        }
        return sum;
    }

    private static float maximum(MemorySegment x, long first, int length, int bound) {
        FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            largest = larger(load(x, first + i), largest);
        }
        float maximum = largest.reduceLanes(VectorOperators.MAX);
        for (int i = bound; i < length; i++) {
            maximum = Math.max(maximum, x.getAtIndex(JAVA_FLOAT, first + i));
        }
        return maximum;
    }

    /** One comparison and one blend; max() would take five instructions to let NaN through. */
    private static FloatVector larger(FloatVector candidate, FloatVector largest) {
        return largest.blend(candidate, candidate.compare(VectorOperators.GT, largest));
    }

    @Override
    public float finiteMaximum(MemorySegment x, long first, int length) {
        int bound = FLOATS.loopBound(length);
        FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector notANumber = FloatVector.zero(FLOATS); // 0·∞ and 0·NaN are NaN
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector value = load(x, first + i);
            largest = larger(value, largest);
            notANumber = value.fma(FloatVector.zero(FLOATS), notANumber);
        }
        float maximum = largest.reduceLanes(VectorOperators.MAX) + sum(notANumber);
        return bound == length
                ? maximum
                : bound == 0
                        ? super.finiteMaximum(x, first, length)
                        : Math.max(maximum, super.finiteMaximum(x, first + bound, length - bound));
    }

    @Override
    public double sumOfExponentials(MemorySegment x, long first, int length, float shift) {
        int bound = FLOATS.loopBound(length);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            sums = sums.add(exp(load(x, first + i).sub(shift)));
        }
        return sum(sums) + super.sumOfExponentials(x, first + bound, length - bound, shift);
    }

    @Override
    public void scale(
            float factor, MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            store(load(source, sourceFirst + i).mul(factor), target, first + i);
        }
        super.scale(factor, source, sourceFirst + bound, target, first + bound, length - bound);
    }

    /** {@link Exponential#exp} in every lane. */
    private static FloatVector exp(FloatVector x) {
        FloatVector bounded = x.blend(Exponential.LOWEST, x.compare(VectorOperators.LT, Exponential.LOWEST))
                .blend(Exponential.HIGHEST, x.compare(VectorOperators.GT, Exponential.HIGHEST));
        FloatVector rounder = FloatVector.broadcast(FLOATS, Exponential.ROUNDER);
        FloatVector shifted = bounded.fma(FloatVector.broadcast(FLOATS, Exponential.LOG2_E), rounder);
        FloatVector n = shifted.sub(rounder);
        FloatVector r = n.fma(
                FloatVector.broadcast(FLOATS, -Exponential.LN2_LOW),
                n.fma(FloatVector.broadcast(FLOATS, -Exponential.LN2_HIGH), bounded));
        FloatVector p = FloatVector.broadcast(FLOATS, Exponential.P4)
                .fma(r, FloatVector.broadcast(FLOATS, Exponential.P3))
                .fma(r, FloatVector.broadcast(FLOATS, Exponential.P2))
                .fma(r, FloatVector.broadcast(FLOATS, Exponential.P1))
                .fma(r, FloatVector.broadcast(FLOATS, Exponential.P0));
        FloatVector power = r.mul(r).fma(p, r).add(1);
        IntVector exponent = shifted.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23);
        return power.mul(exponent.add(0x3F800000).reinterpretAsFloats());
    }

    /**
     * The sum of all lanes. {@code reduceLanes} adds them in one order when interpreted and in another when compiled,
     * so that a result would depend on when the compiler gets to it.
     */
    private static float sum(FloatVector x) {
        FloatVector sums = x;
        if (FLOATS.length() > 8) {
            sums = sums.add(sums.rearrange(ROTATION_8));
        }
        if (FLOATS.length() > 4) {
            sums = sums.add(sums.rearrange(ROTATION_4));
        }
        if (FLOATS.length() > 2) {
            sums = sums.add(sums.rearrange(ROTATION_2));
        }
        if (FLOATS.length() > 1) {
            sums = sums.add(sums.rearrange(ROTATION_1));
        }
        return sums.lane(0);
    }

    private static FloatVector load(MemorySegment memory, long element) {
        return FloatVector.fromMemorySegment(FLOATS, memory, element * Float.BYTES, ORDER);
    }

    private static void store(FloatVector value, MemorySegment memory, long element) {
        value.intoMemorySegment(memory, element * Float.BYTES, ORDER);
    }
}
