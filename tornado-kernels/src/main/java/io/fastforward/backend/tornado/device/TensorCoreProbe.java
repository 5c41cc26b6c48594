package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.WeightProduct.Columns;
import io.fastforward.backend.tornado.device.WeightProduct.Rows;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.OperandPieces;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.Random;

/**
 * Whether a device's tensor cores serve: their kernels compile, their products are right, and they are faster than the
 * plain kernels. Cards differ: where single precision on plain cores is fast, three products may take longer.
 */
public final class TensorCoreProbe {

    /** So that noise decides nothing: below it, fewer kernels are better. */
    private static final double LEAST_GAIN = 1.25;

    private static final int REPETITIONS = 3;

    /** After so many, random rows repeat: making millions of numbers takes longer than their product. */
    private static final int DIFFERENT_ROWS = 256;

    private final DeviceMemory memory;
    private final TensorProduct tensorProduct;
    private final Random random = new Random(1);

    private TensorCoreProbe(KernelExecutor executor) {
        this.memory = new DeviceMemory(executor);
        this.tensorProduct = new TensorProduct(memory);
    }

    /**
     * Why tensor cores do not serve, in a few words; nothing if they do.
     *
     * @param executor a device with room for operands
     * @param rows of the product that is timed
     */
    public static Optional<String> objection(KernelExecutor executor, int rows, int inputs, int outputs) {
        try {
            var probe = new TensorCoreProbe(executor);
            if (!probe.isRight()) {
                return Optional.of("their products are wrong");
            }
            return probe.gain(rows, inputs, outputs) < LEAST_GAIN
                    ? Optional.of("they are not faster")
                    : Optional.empty();
        } catch (DeviceException | OutOfMemoryError e) {
            return Optional.of(reason(e));
        }
    }

    /** What a failure says, without what to do about it: there are the plain kernels. */
    public static String reason(Throwable failure) {
        return String.valueOf(failure.getMessage()).split(";", 2)[0];
    }

    private boolean isRight() {
        int rows = 130;
        int inputs = 150;
        int outputs = 200;
        try (Arena arena = Arena.ofConfined()) {
            Matrix x = matrix(arena, DataType.F32, rows, inputs);
            Matrix weight = matrix(arena, DataType.BF16, outputs, inputs);
            Matrix result = Matrix.allocate(arena, DataType.F32, rows, outputs);
            compute(x, weight, (stored, target) -> {
                tensorProduct.apply(stored, 0, new Columns(0, inputs), target);
                memory.read(target.y(), outputs, rows, outputs, (row, segment, offset) -> {
                    for (int i = 0; i < outputs; i++) {
                        result.set(row, i, segment.get(ValueLayout.JAVA_FLOAT, offset + (long) i * Float.BYTES));
                    }
                });
            });
            return isProduct(x, weight, result);
        }
    }

    /** Tensor cores cut off instead of rounding: every tile's sum errs by up to 2⁻²³ of the sum of magnitudes. */
    private static boolean isProduct(Matrix x, Matrix weight, Matrix result) {
        double tiles = OperandPieces.of(weight.type()).pairs() * Math.ceilDiv(x.columns(), TensorProductKernel.DEPTH);
        for (int row = 0; row < result.rows(); row++) {
            for (int column = 0; column < result.columns(); column++) {
                double expected = 0;
                double magnitude = 0;
                for (int i = 0; i < x.columns(); i++) {
                    double product = (double) x.get(row, i) * weight.get(column, i);
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

    /** How much faster they are. */
    private double gain(int rows, int inputs, int outputs) {
        try (Arena arena = Arena.ofConfined()) {
            double[] seconds = new double[2];
            Columns all = new Columns(0, inputs);
            compute(
                    matrix(arena, DataType.F32, rows, inputs),
                    matrix(arena, DataType.BF16, outputs, inputs),
                    (stored, target) -> {
                        seconds[0] = seconds(() -> WeightProduct.applyByPanels(memory, stored, 0, all, target));
                        seconds[1] = seconds(() -> tensorProduct.apply(stored, 0, all, target));
                    });
            return seconds[0] / seconds[1];
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
        return shortest;
    }

    /** Does something with a product whose operands are on the device. */
    @FunctionalInterface
    private interface Computation {
        void accept(StoredMatrix weight, Rows rows);
    }

    private void compute(Matrix x, Matrix weight, Computation computation) {
        try (StoredMatrix stored = memory.store(weight);
                Region input = memory.take(x.rows(), x.columns());
                Region output = memory.take(x.rows(), weight.rows())) {
            memory.write(x, input.start(), x.columns());
            computation.accept(
                    stored,
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
