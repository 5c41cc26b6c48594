package io.fastforward.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QuantizedBlockTest {

    /** The largest error of rounding to half precision: relative among normal numbers, absolute among subnormal ones. */
    private static final double HALF_RELATIVE = 0x1p-11;

    private static final double HALF_SMALLEST = 0x1p-24;

    /**
     * Half a step is all that a number may be off, and a step is 1/127 of the largest number but for the rounding of the factor, which
     * is up by a whole unit at most.
     */
    @ParameterizedTest
    @ValueSource(doubles = {0x1p-149, 1e-30, 1e-9, 2e-7, 4e-6, 7.5e-6, 1e-5, 1e-3, 1, 77, 1e4, 8e6})
    void numbersAreOffByHalfAStepAtMost(double scale) {
        SplittableRandom random = new SplittableRandom(7);
        for (int trial = 0; trial < 200; trial++) {
            float[] numbers = new float[QuantizedBlock.SIZE];
            double largest = 0;
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) (scale * (trial % 2 == 0 ? random.nextDouble(-1, 1) : random.nextInt(-1, 2)));
                largest = Math.max(largest, Math.abs((double) numbers[i]));
            }
            ByteBuffer block = block(numbers);
            double factor = Float.float16ToFloat(block.getShort(0));
            assertThat(factor)
                    .isLessThanOrEqualTo(largest / 127 * (1 + 2 * HALF_RELATIVE) + HALF_SMALLEST)
                    .isGreaterThanOrEqualTo(0);
            for (int i = 0; i < numbers.length; i++) {
                double error = Math.abs(numbers[i] - factor * block.get(Short.BYTES + i));
                // Without a factor all numbers are below the half of the smallest one, 127 times.
                double bound = factor == 0 ? 127 * HALF_SMALLEST / 2 : factor / 2;
                assertThat(error).isLessThanOrEqualTo(bound);
            }
        }
    }

    @Test
    void theLargestNumberIsAWholeNumberOfSteps() {
        float[] numbers = new float[QuantizedBlock.SIZE];
        numbers[5] = -127;
        numbers[6] = 63;
        ByteBuffer block = block(numbers);
        assertThat(Float.float16ToFloat(block.getShort(0))).isEqualTo(1);
        assertThat(block.get(2 + 5)).isEqualTo((byte) -127);
        assertThat(block.get(2 + 6)).isEqualTo((byte) 63);
        assertThat(block.get(2)).isZero();
    }

    @ParameterizedTest
    @ValueSource(floats = {9e6f, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY, Float.NaN})
    void whatHasNoFactorIsRefused(float number) {
        float[] numbers = new float[QuantizedBlock.SIZE];
        numbers[31] = number;
        assertThatIllegalArgumentException()
                .isThrownBy(() -> block(numbers))
                .withMessageContaining("too large for Q8_0");
    }

    private static ByteBuffer block(float... numbers) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix matrix = Matrix.allocate(arena, DataType.F32, 2, 3 + QuantizedBlock.SIZE);
            for (int i = 0; i < numbers.length; i++) {
                matrix.set(1, 3 + i, numbers[i]);
            }
            ByteBuffer block = ByteBuffer.allocate(QuantizedBlock.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            QuantizedBlock.put(matrix, 1, 3, block);
            assertThat(block.hasRemaining()).isFalse();
            return block;
        }
    }
}
