package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.WeightProduct.Rows;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;

/** Products of random numbers on a device, to see whether they are right and how long they take. */
final class ProductTrial {

    private static final int REPETITIONS = 3;

    /** After so many, random rows repeat: making millions of numbers takes longer than their product. */
    private static final int DIFFERENT_ROWS = 256;

    /** Of the product that is checked: no whole blocks. */
    private static final int ROWS = 130;

    private static final int INPUTS = 150;
    private static final int OUTPUTS = 200;

    private final DeviceMemory memory;
    private final Random random = new Random(1);

    ProductTrial(DeviceMemory memory) {
        this.memory = memory;
    }

    /** A way to multiply. */
    @FunctionalInterface
    interface Product {
        void apply(WeightMatrix weight, Rows rows);
    }

    /** Brings weights to the device. */
    @FunctionalInterface
    interface Loading {
        WeightMatrix load(Matrix weight);
    }

    /** What a number is when it is multiplied. */
    @FunctionalInterface
    interface Operand {
        float of(float number);
    }

    /**
     * Whether a product is right.
     *
     * @param weightType how the weights are stored
     * @param operand what numbers are when they are multiplied
     * @param pairs products in bfloat16 for one of numbers
     */
    boolean isRight(Loading loading, DataType weightType, Operand operand, int pairs, Product product) {
        try (Arena arena = Arena.ofConfined()) {
            Matrix x = matrix(arena, DataType.F32, ROWS, INPUTS);
            Matrix weight = matrix(arena, weightType, OUTPUTS, INPUTS);
            Matrix result = Matrix.allocate(arena, DataType.F32, ROWS, OUTPUTS);
            compute(loading, x, weight, (loaded, rows) -> {
                product.apply(loaded, rows);
                memory.read(rows.y(), OUTPUTS, ROWS, OUTPUTS, (row, segment, offset) -> {
                    for (int i = 0; i < OUTPUTS; i++) {
                        result.set(row, i, segment.get(ValueLayout.JAVA_FLOAT, offset + (long) i * Float.BYTES));
                    }
                });
            });
            return isProduct(x, weight, result, operand, pairs);
        }
    }

    /** Tensor cores cut off instead of rounding: every tile's sum errs by up to 2⁻²³ of the sum of magnitudes. */
    private static boolean isProduct(Matrix x, Matrix weight, Matrix result, Operand operand, int pairs) {
        double tiles = pairs * Math.ceilDiv(x.columns(), TensorProductKernel.DEPTH);
        for (int row = 0; row < result.rows(); row++) {
            for (int column = 0; column < result.columns(); column++) {
                double expected = 0;
                double magnitude = 0;
                for (int i = 0; i < x.columns(); i++) {
                    double product = (double) operand.of(x.get(row, i)) * operand.of(weight.get(column, i));
                    expected += product;
                    magnitude += Math.abs(product);
                }
                double error = Math.abs(result.get(row, column) - expected);
                if (!(error <= (tiles + 4) * 0x1p-23 * magnitude)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** How many seconds each of some ways takes, with weights that are stored in bfloat16. */
    double[] seconds(Loading loading, int rows, int inputs, int outputs, Product... ways) {
        try (Arena arena = Arena.ofConfined()) {
            double[] seconds = new double[ways.length];
            compute(
                    loading,
                    matrix(arena, DataType.F32, rows, inputs),
                    matrix(arena, DataType.BF16, outputs, inputs),
                    (weight, target) -> {
                        for (int i = 0; i < ways.length; i++) {
                            Product way = ways[i];
                            seconds[i] = seconds(() -> way.apply(weight, target));
                        }
                    });
            return seconds;
        }
    }

    /** The shortest of some runs, after one that compiles. */
    private static double seconds(Runnable work) {
        work.run();
        long shortest = Long.MAX_VALUE;
        for (int i = 0; i < REPETITIONS; i++) {
            long begin = System.nanoTime();
            work.run();
            shortest = Math.min(shortest, System.nanoTime() - begin);
        }
        return Math.max(shortest, 1) * 1e-9;
    }

    private void compute(Loading loading, Matrix x, Matrix weight, Product computation) {
        try (WeightMatrix loaded = loading.load(weight);
                Region input = memory.take(x.rows(), x.columns());
                Region output = memory.take(x.rows(), weight.rows())) {
            memory.write(x, input.start(), x.columns());
            computation.apply(
                    loaded,
                    new Rows(
                            x.rows(),
                            input.start(),
                            x.columns(),
                            weight.rows(),
                            output.start(),
                            weight.rows(),
                            1,
                            -1,
                            false));
        }
    }

    private Matrix matrix(Arena arena, DataType type, int rows, int columns) {
        Matrix matrix = Matrix.allocate(arena, type, rows, columns);
        for (int row = 0; row < Math.min(rows, DIFFERENT_ROWS); row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, random.nextFloat() - 0.5f);
            }
        }
        long period = (long) DIFFERENT_ROWS * columns * type.bytes();
        for (long at = period; at < matrix.data().byteSize(); at += period) {
            long length = Math.min(period, matrix.data().byteSize() - at);
            MemorySegment.copy(matrix.data(), 0, matrix.data(), at, length);
        }
        return matrix;
    }
}
