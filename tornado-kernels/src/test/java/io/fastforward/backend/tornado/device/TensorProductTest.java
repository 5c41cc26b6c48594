package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products by pieces of bfloat16 against double precision: single precision is what comes out. */
class TensorProductTest {

    private static final int GAP = 3;
    private static final float UNTOUCHED = 77f;

    private final Random random = new Random(5);

    /** Rows, outputs and inputs around the sizes of a block (128) and of a tile along the depth (32). */
    @ParameterizedTest
    @CsvSource({
        "BF16, 1, 1, 1", "BF16, 130, 140, 70", "BF16, 128, 128, 32", "BF16, 33, 7, 257",
        "F16, 5, 3, 17", "F16, 129, 127, 33", "F32, 1, 130, 31", "F32, 40, 12, 64"
    })
    void isSinglePrecision(DataType type, int rows, int outputs, int inputs) {
        try (Arena arena = Arena.ofConfined()) {
            Product product = new Product(arena, type, rows, outputs + 2, inputs + 5);
            float[] result = product.compute(1, outputs, new WeightProduct.Columns(3, inputs), false, false);
            for (int row = 0; row < rows; row++) {
                for (int output = 0; output < outputs; output++) {
                    product.requireNear(result, row, output, 1, 3, inputs, 0);
                }
            }
        }
    }

    @Test
    void addsBiasAndWhatIsThereInAnyLayout() {
        try (Arena arena = Arena.ofConfined()) {
            Product product = new Product(arena, DataType.BF16, 35, 9, 20);
            float[] result = product.compute(0, 9, new WeightProduct.Columns(0, 20), true, true);
            for (int row = 0; row < 35; row++) {
                for (int output = 0; output < 9; output++) {
                    product.requireNear(result, row, output, 0, 0, 20, product.bias[output] + UNTOUCHED);
                }
            }
        }
    }

    @Test
    void infinityAndNanStayInTheirRows() {
        try (Arena arena = Arena.ofConfined()) {
            Product product = new Product(arena, DataType.BF16, 34, 4, 20);
            product.x.set(1, 2, Float.POSITIVE_INFINITY);
            product.x.set(2, 5, Float.NaN);
            product.x.set(3, 0, 1e38f);
            float[] result = product.compute(0, 4, new WeightProduct.Columns(0, 20), false, false);
            for (int output = 0; output < 4; output++) {
                double sign = Math.signum(product.weight.get(output, 2));
                assertThat(result[product.index(1, output)]).isEqualTo((float) (sign * Double.POSITIVE_INFINITY));
                assertThat(result[product.index(2, output)]).isNaN();
                assertThat(result[product.index(3, output)]).isFinite();
                product.requireNear(result, 0, output, 0, 0, 20, 0);
            }
        }
    }

    @Test
    void takesWhatFillsABlockAndHasRoom() {
        var memory = new DeviceMemory(new JavaExecutor(true));
        TensorProduct tensorProduct = new TensorProduct(memory);
        assertThat(tensorProduct.takes(DataType.BF16, 31, 64)).isFalse();
        assertThat(tensorProduct.takes(DataType.BF16, 32, 64)).isTrue();
        assertThat(tensorProduct.takes(DataType.BF16, 4096, 2048)).isTrue();
        assertThat(tensorProduct.takes(DataType.F32, 4096, 1 << 20)).isFalse();
    }

    @Test
    void cutsWhatIsLargerThanItsOperands() {
        try (Arena arena = Arena.ofConfined()) {
            // Of 500 inputs in single precision, 128 rows take 196,608 numbers and 128 outputs as many.
            Product product = new Product(arena, DataType.F32, 530, 150, 500);
            float[] result = product.compute(0, 150, new WeightProduct.Columns(0, 500), false, false);
            for (int row = 0; row < 530; row += 7) {
                for (int output = 0; output < 150; output++) {
                    product.requireNear(result, row, output, 0, 0, 500, 0);
                }
            }
        }
    }

    /** A product on a device of its own: outputs lie transposed, with a gap after each. */
    private final class Product {

        private final Matrix x;
        private final Matrix weight;
        private final float[] bias;
        private final DeviceMemory memory = new DeviceMemory(new JavaExecutor(true));

        Product(Arena arena, DataType type, int rows, int outputs, int inputs) {
            x = matrix(arena, DataType.F32, rows, inputs);
            weight = matrix(arena, type, outputs, inputs);
            bias = new float[outputs];
            for (int i = 0; i < outputs; i++) {
                bias[i] = random.nextFloat() - 0.5f;
            }
        }

        private Matrix matrix(Arena arena, DataType type, int rows, int columns) {
            Matrix matrix = Matrix.allocate(arena, type, rows, columns);
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    // Sizes from 2⁻¹² to 1, so that pieces of all sizes matter.
                    matrix.set(row, column, (float) (random.nextGaussian() * Math.pow(2, -random.nextInt(12))));
                }
            }
            return matrix;
        }

        int index(int row, int output) {
            return output * (x.rows() + GAP) + row;
        }

        float[] compute(int firstOutput, int outputs, WeightProduct.Columns inputs, boolean withBias, boolean add) {
            int length = outputs * (x.rows() + GAP);
            try (StoredMatrix stored = memory.weights().store(weight);
                    Region input = memory.take(x.rows(), x.columns());
                    Region biases = memory.take(1, bias.length);
                    Region target = memory.take(1, length)) {
                memory.write(x, input.start(), x.columns());
                memory.write(bias, biases.start());
                float[] before = new float[length];
                Arrays.fill(before, UNTOUCHED);
                memory.write(before, target.start());
                new TensorProduct(memory)
                        .apply(
                                stored,
                                firstOutput,
                                inputs,
                                new WeightProduct.Rows(
                                        x.rows(),
                                        input.start() + inputs.first(),
                                        x.columns(),
                                        outputs,
                                        target.start(),
                                        1,
                                        x.rows() + GAP,
                                        withBias ? biases.start() : -1,
                                        add));
                float[] result = new float[length];
                memory.read(
                        target.start(),
                        length,
                        1,
                        length,
                        (row, segment, offset) ->
                                MemorySegment.copy(segment, ValueLayout.JAVA_FLOAT, offset, result, 0, length));
                for (int output = 0; output < outputs; output++) {
                    for (int gap = 0; gap < GAP; gap++) {
                        assertThat(result[index(x.rows() + gap, output)]).isEqualTo(UNTOUCHED);
                    }
                }
                return result;
            }
        }

        /**
         * Left out of a product: at most 2⁻²³ of it. Every tile adds to a sum in single precision: at most six for 16
         * products, each with an error of at most 2⁻²⁴ of the sum of magnitudes so far; then the bias and what is there.
         */
        void requireNear(
                float[] result, int row, int output, int firstOutput, int firstInput, int inputs, double added) {
            double expected = added;
            double magnitude = Math.abs(added);
            for (int i = 0; i < inputs; i++) {
                double product = (double) x.get(row, firstInput + i) * weight.get(firstOutput + output, firstInput + i);
                expected += product;
                magnitude += Math.abs(product);
            }
            double tiles = 6 * Math.ceilDiv(inputs, 16);
            assertThat((double) result[index(row, output)])
                    .as("row %d, output %d", row, output)
                    .isCloseTo(expected, org.assertj.core.data.Offset.offset((tiles + 4) * 0x1p-24 * magnitude));
        }
    }
}
