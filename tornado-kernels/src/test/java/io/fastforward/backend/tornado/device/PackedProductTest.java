package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.backend.tornado.device.WeightProduct.Columns;
import io.fastforward.backend.tornado.device.WeightProduct.Rows;
import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products with packed weights: of numbers that are rounded to bfloat16, with sums in single precision. */
class PackedProductTest {

    private static final int GAP = 3;
    private static final float UNTOUCHED = 77f;

    private final Random random = new Random(5);
    private final Arena arena = Arena.ofConfined();
    private final DeviceMemory memory = new DeviceMemory(new JavaExecutor(Precision.BFLOAT16));

    @AfterEach
    void close() {
        arena.close();
    }

    /** Where results go. */
    enum Layout {
        ROWS,
        COLUMNS
    }

    /** Rows, outputs and inputs around the sizes of a block (128) and of a round (32). */
    @ParameterizedTest
    @CsvSource({
        "BF16, 1, 1, 1, ROWS", "BF16, 130, 140, 70, ROWS", "F32, 128, 128, 32, ROWS", "BF16, 33, 7, 257, COLUMNS",
        "F16, 5, 3, 17, COLUMNS", "F16, 129, 127, 33, ROWS", "F32, 1, 130, 31, COLUMNS", "F32, 40, 12, 64, ROWS",
        "F32, 300, 130, 15, COLUMNS", "F32, 2, 300, 16, ROWS"
    })
    void operandsAreRoundedOnce(DataType type, int rows, int outputs, int inputs, Layout layout) {
        Product product = new Product(type, rows, outputs, inputs);
        product.check(layout, outputs, inputs, false, false);
        product.check(layout, outputs, inputs, true, true);
    }

    /** Whatever lies beyond them. */
    @ParameterizedTest
    @CsvSource({"1, 1", "7, 33", "16, 16", "128, 64", "129, 31", "139, 69"})
    void aCandidateTakesTheLeadingInputsAndOutputs(int outputs, int inputs) {
        Product product = new Product(DataType.F32, 35, 140, 70);
        for (int i = 0; i < 140; i++) {
            for (int j = 0; j < 70; j++) {
                if (i >= outputs || j >= inputs) {
                    product.weight.set(i, j, Float.NaN);
                }
            }
        }
        for (int row = 0; row < 35; row++) {
            for (int j = inputs; j < 70; j++) {
                product.x.set(row, j, Float.POSITIVE_INFINITY);
            }
        }
        product.check(Layout.ROWS, outputs, inputs, false, false);
        product.check(Layout.COLUMNS, outputs, inputs, true, false);
    }

    @Test
    void infinityAndNanStayInTheirRows() {
        Product product = new Product(DataType.BF16, 34, 4, 20);
        product.x.set(1, 2, Float.POSITIVE_INFINITY);
        product.x.set(2, 5, Float.NaN);
        product.x.set(3, 0, 1e38f);
        float[] result = product.compute(Layout.ROWS, 4, 20, false, false);
        for (int output = 0; output < 4; output++) {
            double sign = Math.signum(product.weight.get(output, 2));
            assertThat(result[product.index(Layout.ROWS, 1, output)])
                    .isEqualTo((float) (sign * Double.POSITIVE_INFINITY));
            assertThat(result[product.index(Layout.ROWS, 2, output)]).isNaN();
            assertThat(result[product.index(Layout.ROWS, 3, output)]).isFinite();
            product.requireNear(result, Layout.ROWS, 0, output, 20, 0);
        }
    }

    /** The blocks of the result have 2¹⁸ numbers of room here. */
    @ParameterizedTest
    @CsvSource({"700, 500", "20, 2200", "1200, 260"})
    void cutsWhatHasNoRoomAtOnce(int rows, int outputs) {
        new Product(DataType.BF16, rows, outputs, 8).check(Layout.ROWS, outputs, 8, true, true);
    }

    @Test
    void beginsWithABlock() {
        Product product = new Product(DataType.BF16, 3, 300, 8);
        try (WeightMatrix packed = memory.weights().load(product.weight)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> WeightProduct.apply(
                            memory, packed, 8, new Columns(0, 8), new Rows(1, 0, 8, 1, 0, 1, 1, -1, false)))
                    .withMessageContaining("begins no block");
        }
    }

    /** Operands and where their product goes. */
    private final class Product {

        private final Matrix x;
        private final Matrix weight;
        private final float[] bias;

        Product(DataType type, int rows, int outputs, int inputs) {
            x = matrix(DataType.F32, rows, inputs);
            weight = matrix(type, outputs, inputs);
            bias = new float[outputs];
            for (int i = 0; i < outputs; i++) {
                bias[i] = random.nextFloat() - 0.5f;
            }
        }

        private Matrix matrix(DataType type, int rows, int columns) {
            Matrix matrix = Matrix.allocate(arena, type, rows, columns);
            for (int row = 0; row < rows; row++) {
                for (int column = 0; column < columns; column++) {
                    matrix.set(row, column, (float) random.nextGaussian());
                }
            }
            return matrix;
        }

        private int rowStride(Layout layout) {
            return layout == Layout.ROWS ? bias.length + GAP : 1;
        }

        private int columnStride(Layout layout) {
            return layout == Layout.ROWS ? 1 : x.rows() + GAP;
        }

        int index(Layout layout, int row, int output) {
            return row * rowStride(layout) + output * columnStride(layout);
        }

        void check(Layout layout, int outputs, int inputs, boolean withBias, boolean add) {
            float[] result = compute(layout, outputs, inputs, withBias, add);
            boolean[] written = new boolean[result.length];
            for (int row = 0; row < x.rows(); row++) {
                for (int output = 0; output < outputs; output++) {
                    double added = (withBias ? bias[output] : 0) + (add ? UNTOUCHED : 0);
                    requireNear(result, layout, row, output, inputs, added);
                    written[index(layout, row, output)] = true;
                }
            }
            for (int i = 0; i < result.length; i++) {
                assertThat(written[i] || result[i] == UNTOUCHED)
                        .as("element %d", i)
                        .isTrue();
            }
        }

        float[] compute(Layout layout, int outputs, int inputs, boolean withBias, boolean add) {
            int length = (x.rows() + GAP) * (bias.length + GAP);
            try (WeightMatrix packed = memory.weights().load(weight);
                    Region input = memory.take(x.rows(), x.columns());
                    Region biases = memory.take(1, bias.length);
                    Region target = memory.take(1, length)) {
                memory.write(x, input.start(), x.columns());
                memory.write(bias, biases.start());
                float[] before = new float[length];
                Arrays.fill(before, UNTOUCHED);
                memory.write(before, target.start());
                WeightProduct.apply(
                        memory,
                        packed,
                        0,
                        new Columns(0, inputs),
                        new Rows(
                                x.rows(),
                                input.start(),
                                x.columns(),
                                outputs,
                                target.start(),
                                rowStride(layout),
                                columnStride(layout),
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
                return result;
            }
        }

        /**
         * Products of bfloat16 numbers are exact; every tile adds once to a sum in single precision, with an error of at most
         * 2⁻²⁴ of the sum of magnitudes so far; then the bias and what is there.
         */
        void requireNear(float[] result, Layout layout, int row, int output, int inputs, double added) {
            double expected = added;
            double magnitude = Math.abs(added);
            for (int i = 0; i < inputs; i++) {
                double product = rounded(x.get(row, i)) * rounded(weight.get(output, i));
                expected += product;
                magnitude += Math.abs(product);
            }
            double roundings = Math.ceilDiv(inputs, 16) + 4;
            assertThat((double) result[index(layout, row, output)])
                    .as("row %d, output %d", row, output)
                    .isCloseTo(expected, within(roundings * 0x1p-24 * magnitude));
        }

        private double rounded(float number) {
            return Float.intBitsToFloat(DataType.toBfloat16(number) << 16);
        }
    }
}
