package io.fastforward.backend.cpu.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Objects;
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
final class SimdKernels extends RowKernels {

    private static final VectorSpecies<Float> FLOATS = FloatVector.SPECIES_PREFERRED.vectorBitSize() > 512
            ? FloatVector.SPECIES_512
            : FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> INTS = FLOATS.withLanes(int.class);
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(FLOATS.vectorBitSize() / 2));
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /**
     * All memory as one segment that cannot be closed. Through it the compiler needs no check in the loops of whether
     * an index is in bounds and the arena still open, which took longer than the arithmetic: a copy with a factor took
     * 0.56 ns an element with them and takes 0.15 without (2048 elements, Zen 3). Bounds are checked once a row instead.
     */
    private static final MemorySegment EVERYTHING = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

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
    public void roundToBfloat16(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        long sourceRow = address(source, sourceFirst, length);
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector values = load(sourceRow, i);
            IntVector bits = values.reinterpretAsInts();
            IntVector upper = bits.lanewise(VectorOperators.LSHR, 16);
            bits.add(upper.and(1))
                    .add(0x7FFF)
                    .lanewise(VectorOperators.LSHR, 16)
                    .blend(upper.or(0x40), values.test(VectorOperators.IS_NAN).cast(INTS))
                    .convertShape(VectorOperators.I2S, SHORTS, 0)
                    .intoMemorySegment(target, (first + i) * Short.BYTES, ORDER);
        }
        super.roundToBfloat16(source, sourceFirst + bound, target, first + bound, length - bound);
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
        long sourceRow = address(source, sourceFirst, length);
        long targetRow = address(target, first, length);
        long weightRow = address(weight, 0, length);
        long biasRow = bias == null ? 0 : address(bias, 0, length);
        int bound = FLOATS.loopBound(length);
        float mean = normalization.kind() == Normalization.Kind.LAYER ? mean(source, sourceFirst, length) : 0;
        FloatVector squares = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector centred = load(sourceRow, i).sub(mean);
            squares = centred.fma(centred, squares);
        }
        double sum = sum(squares);
        for (int i = bound; i < length; i++) {
            float centred = source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean;
            sum += (double) centred * centred;
        }
        float factor = (float) (1 / Math.sqrt(sum / length + normalization.epsilon()));
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector value = load(sourceRow, i).sub(mean).mul(factor).mul(load(weightRow, i));
            store(bias == null ? value : value.add(load(biasRow, i)), targetRow, i);
        }
        for (int i = bound; i < length; i++) {
            float value =
                    (source.getAtIndex(JAVA_FLOAT, sourceFirst + i) - mean) * factor * weight.getAtIndex(JAVA_FLOAT, i);
            target.setAtIndex(JAVA_FLOAT, first + i, bias == null ? value : value + bias.getAtIndex(JAVA_FLOAT, i));
        }
    }

    private static float mean(MemorySegment x, long first, int length) {
        long xRow = address(x, first, length);
        FloatVector sums = FloatVector.zero(FLOATS);
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            sums = sums.add(load(xRow, i));
        }
        double sum = sum(sums);
        for (int i = bound; i < length; i++) {
            sum += x.getAtIndex(JAVA_FLOAT, first + i);
        }
        return (float) (sum / length);
    }

    @Override
    public void add(MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        long sourceRow = address(source, sourceFirst, length);
        long targetRow = address(target, first, length);
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            store(load(targetRow, i).add(load(sourceRow, i)), targetRow, i);
        }
        super.add(source, sourceFirst + bound, target, first + bound, length - bound);
    }

    @Override
    public void activate(Activation activation, MemorySegment x, long first, int length) {
        long xRow = address(x, first, length);
        int bound = FLOATS.loopBound(length);
        if (activation == Activation.SILU) {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(silu(load(xRow, i)), xRow, i);
            }
        } else {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(load(xRow, i).max(0), xRow, i);
            }
        }
        super.activate(activation, x, first + bound, length - bound);
    }

    @Override
    public void activate(
            Activation activation, MemorySegment gate, long first, MemorySegment up, long upFirst, int length) {
        long gateRow = address(gate, first, length);
        long upRow = address(up, upFirst, length);
        int bound = FLOATS.loopBound(length);
        if (activation == Activation.SILU) {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(silu(load(gateRow, i)).mul(load(upRow, i)), gateRow, i);
            }
        } else {
            for (int i = 0; i < bound; i += FLOATS.length()) {
                store(load(gateRow, i).max(0).mul(load(upRow, i)), gateRow, i);
            }
        }
        super.activate(activation, gate, first + bound, up, upFirst + bound, length - bound);
    }

    private static FloatVector silu(FloatVector x) {
        return x.div(exp(x.neg()).add(1));
    }

    @Override
    public void rotate(MemorySegment x, long first, MemorySegment table, long tableFirst, int half) {
        long xRow = address(x, first, 2 * half);
        long tableRow = address(table, tableFirst, 2 * half);
        int i = 0;
        for (; i <= half - FLOATS.length(); i += FLOATS.length()) {
            FloatVector cosine = load(tableRow, i);
            FloatVector sine = load(tableRow, half + i);
            FloatVector a = load(xRow, i);
            FloatVector b = load(xRow, half + i);
            store(a.mul(cosine).sub(b.mul(sine)), xRow, i);
            store(b.mul(cosine).add(a.mul(sine)), xRow, half + i);
        }
        rotate(x, first, table, tableFirst, half, i);
    }

    @Override
    public double exponentials(MemorySegment x, long first, int length, float shift, float scale) {
        long xRow = address(x, first, length);
        int bound = FLOATS.loopBound(length);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector power = exp(load(xRow, i).sub(shift).mul(scale));
            store(power, xRow, i);
            sums = sums.add(power);
        }
        double sum = sum(sums);
        for (int i = bound; i < length; i++) {
            float power = Exponential.exp(scale * (x.getAtIndex(JAVA_FLOAT, first + i) - shift));
            x.setAtIndex(JAVA_FLOAT, first + i, power);
            sum += power;
        }
        return sum;
    }

    @Override
    public float maximum(MemorySegment x, long first, int length) {
        long xRow = address(x, first, length);
        int bound = FLOATS.loopBound(length);
        FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            largest = larger(load(xRow, i), largest);
        }
        return Math.max(largest.reduceLanes(VectorOperators.MAX), super.maximum(x, first + bound, length - bound));
    }

    /** One comparison and one blend; max() would take five instructions to let NaN through. */
    private static FloatVector larger(FloatVector candidate, FloatVector largest) {
        return largest.blend(candidate, candidate.compare(VectorOperators.GT, largest));
    }

    @Override
    public float finiteMaximum(MemorySegment x, long first, int length) {
        long xRow = address(x, first, length);
        int bound = FLOATS.loopBound(length);
        FloatVector largest = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector notANumber = FloatVector.zero(FLOATS); // 0·∞ and 0·NaN are NaN
        for (int i = 0; i < bound; i += FLOATS.length()) {
            FloatVector value = load(xRow, i);
            largest = larger(value, largest);
            notANumber = value.fma(FloatVector.zero(FLOATS), notANumber);
        }
        float maximum = largest.reduceLanes(VectorOperators.MAX) + sum(notANumber);
        return Math.max(maximum, super.finiteMaximum(x, first + bound, length - bound));
    }

    @Override
    public double sumOfExponentials(MemorySegment x, long first, int length, float shift) {
        long xRow = address(x, first, length);
        int bound = FLOATS.loopBound(length);
        FloatVector sums = FloatVector.zero(FLOATS);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            sums = sums.add(exp(load(xRow, i).sub(shift)));
        }
        return sum(sums) + super.sumOfExponentials(x, first + bound, length - bound, shift);
    }

    @Override
    public void scale(
            float factor, MemorySegment source, long sourceFirst, MemorySegment target, long first, int length) {
        long sourceRow = address(source, sourceFirst, length);
        long targetRow = address(target, first, length);
        int bound = FLOATS.loopBound(length);
        for (int i = 0; i < bound; i += FLOATS.length()) {
            store(load(sourceRow, i).mul(factor), targetRow, i);
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

    /** The address of a row, after the only check that it lies in its memory. */
    private static long address(MemorySegment memory, long first, int length) {
        Objects.checkFromIndexSize(first, length, memory.byteSize() / Float.BYTES);
        return memory.address() + first * Float.BYTES;
    }

    private static FloatVector load(long row, int element) {
        return FloatVector.fromMemorySegment(FLOATS, EVERYTHING, row + (long) element * Float.BYTES, ORDER);
    }

    private static void store(FloatVector value, long row, int element) {
        value.intoMemorySegment(EVERYTHING, row + (long) element * Float.BYTES, ORDER);
    }
}
