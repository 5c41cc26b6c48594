package io.fastforward.backend.cpu.kernel;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.data.Offset.offset;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.tensor.DataType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The vectorised kernels against the plain ones, which the contract tests compare with double precision. */
class RowKernelsTest {

    private static final double UNIT = 0x1.0p-24;
    private static final int FIRST = 3;

    private final Arena arena = Arena.ofConfined();
    private final RowKernels plain = new RowKernels();
    private final RowKernels simd = RowKernels.best();

    @AfterEach
    void close() {
        arena.close();
    }

    @Test
    void theVectorisedOnesAreUsedHere() {
        assertThat(RowKernels.missingVectorApi()).isEmpty();
        assertThat(simd).isInstanceOf(SimdKernels.class);
        assertThat(simd.description()).contains("Vector API");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 7, 8, 15, 16, 17, 64, 131})
    void elementsAgreeBitForBit(int length) {
        MemorySegment up = random(length, 1);
        for (Activation activation : Activation.values()) {
            same(length, (kernels, x) -> kernels.activate(activation, x, FIRST, length));
            same(length, (kernels, x) -> kernels.activate(activation, x, FIRST, up, FIRST, length));
        }
        same(length, (kernels, x) -> kernels.add(up, FIRST, x, FIRST, length));
        same(length, (kernels, x) -> kernels.scale(0.3f, x, FIRST, x, FIRST, length));
        same(length, (kernels, x) -> kernels.rotate(x, FIRST, up, FIRST, length / 2));
        same(length, (kernels, x) -> kernels.exponentials(x, FIRST, length, 2.5f, 0.7f));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7, 8, 15, 16, 17, 64, 131})
    void sumsAndMaximaAgree(int length) {
        MemorySegment x = random(length, 2);
        assertThat(simd.maximum(x, FIRST, length)).isEqualTo(plain.maximum(x, FIRST, length));
        assertThat(simd.finiteMaximum(x, FIRST, length)).isEqualTo(plain.maximum(x, FIRST, length));
        double sum = plain.sumOfExponentials(x, FIRST, length, 1);
        assertThat(Math.abs(simd.sumOfExponentials(x, FIRST, length, 1) - sum))
                .isLessThanOrEqualTo(length * UNIT * sum);
        double exponentials = plain.exponentials(copy(x), FIRST, length, 1, 1);
        assertThat(exponentials).isEqualTo(sum);
        assertThat(Math.abs(simd.exponentials(copy(x), FIRST, length, 1, 1) - sum))
                .isLessThanOrEqualTo(length * UNIT * sum);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 17, 131})
    void normalisationsAgree(int length) {
        MemorySegment weight = random(length, 3);
        MemorySegment bias = random(length, 4);
        MemorySegment x = random(length, 5);
        for (Normalization.Kind kind : Normalization.Kind.values()) {
            var normalization = new Normalization(kind, 1e-3);
            MemorySegment expected = random(length, 6);
            MemorySegment actual = copy(expected);
            plain.normalize(normalization, weight, bias, x, FIRST, expected, FIRST, length);
            simd.normalize(normalization, weight, bias, x, FIRST, actual, FIRST, length);
            for (int i = 0; i < length; i++) {
                // All numbers are below 8, and the factor is at most 1/√ε.
                assertThat((double) actual.getAtIndex(JAVA_FLOAT, FIRST + i))
                        .isCloseTo(
                                expected.getAtIndex(JAVA_FLOAT, FIRST + i),
                                offset((length + 8) * UNIT * 64 / Math.sqrt(1e-3)));
            }
            assertSameOutside(expected, actual, length);
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY})
    void aNumberThatIsNotFiniteIsNoticedAnywhere(float bad) {
        for (int position = 0; position < 37; position++) {
            MemorySegment x = random(37, 7);
            x.setAtIndex(JAVA_FLOAT, FIRST + position, bad);
            assertThat(simd.finiteMaximum(x, FIRST, 37)).isNaN();
            assertThat(plain.finiteMaximum(x, FIRST, 37)).isNaN();
        }
        MemorySegment x = random(37, 8);
        x.setAtIndex(JAVA_FLOAT, FIRST + 4, Float.NaN);
        assertThat(simd.exponentials(x, FIRST, 37, 1, 1)).isNaN();
    }

    @Test
    void everyHalfPrecisionAndBfloat16NumberWidensExactly() {
        MemorySegment source = arena.allocate(2 * 65_536 + 1).asSlice(1);
        MemorySegment target = arena.allocate(4 * 65_536, 4);
        for (int bits = 0; bits < 65_536; bits++) {
            source.set(JAVA_SHORT_UNALIGNED, 2L * bits, (short) bits);
        }
        for (DataType type : new DataType[] {DataType.F16, DataType.BF16}) {
            simd.widen(type, source, 0, target, 0, 65_536);
            for (int bits = 0; bits < 65_536; bits++) {
                float expected = type.get(source, 2L * bits);
                float actual = target.getAtIndex(JAVA_FLOAT, bits);
                if (Float.floatToIntBits(actual) != Float.floatToIntBits(expected)) {
                    throw new AssertionError(
                            type + " " + Integer.toHexString(bits) + ": " + actual + ", not " + expected);
                }
            }
        }
    }

    @Test
    void everyNumberIsRoundedToTheNearestBfloat16() {
        // Every upper half, with lower halves around and at ties.
        int[] lower = {0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF};
        int count = 65_536 * lower.length;
        MemorySegment source = arena.allocate((long) count * Float.BYTES, Float.BYTES);
        MemorySegment expected = arena.allocate((count + 1L) * Short.BYTES, Short.BYTES);
        MemorySegment actual = arena.allocate((count + 1L) * Short.BYTES, Short.BYTES);
        for (int i = 0; i < count; i++) {
            source.setAtIndex(JAVA_INT, i, ((i / lower.length) << 16) | lower[i % lower.length]);
        }
        plain.roundToBfloat16(source, 0, expected, 1, count);
        simd.roundToBfloat16(source, 0, actual, 1, count);
        assertThat(actual.mismatch(expected)).isEqualTo(-1);
        for (int i = 0; i < count; i++) {
            short bits = DataType.toBfloat16(source.getAtIndex(JAVA_FLOAT, i));
            if (expected.getAtIndex(JAVA_SHORT, i + 1L) != bits) {
                throw new AssertionError(Integer.toHexString(source.getAtIndex(JAVA_INT, i)));
            }
        }
        MemorySegment odd = arena.allocate(40 * Short.BYTES, Short.BYTES);
        simd.roundToBfloat16(source, 7, odd, 3, 33);
        assertThat(odd.asSlice(0, 6).toArray(JAVA_SHORT)).containsOnly(0);
        assertThat(odd.asSlice(72).toArray(JAVA_SHORT)).containsOnly(0);
    }

    @Test
    void rowsBeyondTheMemoryAreRefused() {
        MemorySegment x = random(8, 9);
        assertThatExceptionOfType(IndexOutOfBoundsException.class)
                .isThrownBy(() -> simd.scale(1, x, FIRST, x, FIRST, 2 * FIRST + 8));
        assertThatExceptionOfType(IndexOutOfBoundsException.class).isThrownBy(() -> simd.maximum(x, -1, 4));
    }

    /** A kernel that changes a row in place. */
    private interface InPlace {
        void apply(RowKernels kernels, MemorySegment x);
    }

    private void same(int length, InPlace kernel) {
        MemorySegment expected = random(length, 10);
        MemorySegment actual = copy(expected);
        kernel.apply(plain, expected);
        kernel.apply(simd, actual);
        assertThat(actual.mismatch(expected)).isEqualTo(-1);
        assertSameOutside(random(length, 10), actual, length);
    }

    private static void assertSameOutside(MemorySegment expected, MemorySegment actual, int length) {
        for (int i = 0; i < FIRST; i++) {
            assertThat(actual.getAtIndex(JAVA_FLOAT, i)).isEqualTo(expected.getAtIndex(JAVA_FLOAT, i));
            int after = FIRST + length + i;
            assertThat(actual.getAtIndex(JAVA_FLOAT, after)).isEqualTo(expected.getAtIndex(JAVA_FLOAT, after));
        }
    }

    /** A row with a few numbers before and after it. */
    private MemorySegment random(int length, long seed) {
        var random = new SplittableRandom(seed);
        MemorySegment memory = arena.allocate((2L * FIRST + length) * Float.BYTES, Float.BYTES);
        for (int i = 0; i < 2 * FIRST + length; i++) {
            memory.setAtIndex(JAVA_FLOAT, i, (float) random.nextDouble(-8, 8));
        }
        return memory;
    }

    private MemorySegment copy(MemorySegment memory) {
        return arena.allocate(memory.byteSize(), Float.BYTES).copyFrom(memory);
    }
}
