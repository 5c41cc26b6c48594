package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.WeightProduct.Columns;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.OperandPieces;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.tensor.DataType;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Whether a device's tensor cores serve: their kernels compile, their products are right, and they are faster than what
 * there is without. Cards differ: where single precision on plain cores is fast, three products may take longer.
 */
public final class TensorCoreProbe {

    /** So that noise decides nothing: below it, fewer kernels are better, and single precision. */
    private static final double LEAST_GAIN = 1.25;

    private TensorCoreProbe() {}

    /** A product that is timed: tokens, inputs and outputs. */
    public record Trial(int rows, int inputs, int outputs) {

        /** How fast it was, in units of 10¹² operations a second. */
        double speed(double seconds) {
            return 2e-12 * rows * inputs * outputs / seconds;
        }
    }

    /**
     * Why tensor cores do not serve for single precision, in a few words; nothing if they do.
     *
     * @param executor a device with room for operands
     */
    public static Optional<String> objection(KernelExecutor executor, Trial size) {
        try {
            var memory = new DeviceMemory(executor);
            var trial = new ProductTrial(memory);
            var tensorProduct = new TensorProduct(memory);
            ProductTrial.Loading stored = memory.weights()::store;
            ProductTrial.Product onTensorCores = (weight, rows) ->
                    tensorProduct.apply((StoredMatrix) weight, 0, new Columns(0, weight.columns()), rows);
            if (!trial.isRight(
                    stored,
                    DataType.BF16,
                    number -> number,
                    OperandPieces.of(DataType.BF16).pairs(),
                    onTensorCores)) {
                return Optional.of("their products are wrong");
            }
            double[] seconds = trial.seconds(
                    stored,
                    size.rows,
                    size.inputs,
                    size.outputs,
                    (weight, rows) -> WeightProduct.applyByPanels(
                            memory, (StoredMatrix) weight, 0, new Columns(0, weight.columns()), rows),
                    onTensorCores);
            return seconds[0] / seconds[1] < LEAST_GAIN ? Optional.of("they are not faster") : Optional.empty();
        } catch (DeviceException | OutOfMemoryError e) {
            return Optional.of(reason(e));
        }
    }

    /**
     * Whether they serve for bfloat16, compared with single precision as it is on the same device.
     *
     * @param bfloat16 opens the device with weights that are packed; closed again here
     * @param single opens it for single precision; closed again here
     */
    public static PrecisionSupport bfloat16(
            Supplier<KernelExecutor> bfloat16, Supplier<KernelExecutor> single, Trial size) {
        try {
            double rounded;
            try (KernelExecutor executor = bfloat16.get()) {
                var memory = new DeviceMemory(executor);
                var trial = new ProductTrial(memory);
                if (!trial.isRight(
                        memory.weights()::load, DataType.F32, TensorCoreProbe::rounded, 1, product(memory))) {
                    return PrecisionSupport.missing("no bfloat16 here: products on tensor cores are wrong");
                }
                rounded = seconds(trial, memory, size);
            }
            double exact;
            try (KernelExecutor executor = single.get()) {
                var memory = new DeviceMemory(executor);
                exact = seconds(new ProductTrial(memory), memory, size);
            }
            return new PrecisionSupport(
                    true,
                    exact / rounded >= LEAST_GAIN,
                    String.format(
                            Locale.ROOT,
                            "tensor cores, %.1f times as fast as in f32 (%.0f and %.0f TFLOP/s)",
                            exact / rounded,
                            size.speed(rounded),
                            size.speed(exact)));
        } catch (RuntimeException | OutOfMemoryError e) {
            return PrecisionSupport.missing("no bfloat16 here: " + reason(e));
        }
    }

    private static double seconds(ProductTrial trial, DeviceMemory memory, Trial size) {
        return trial.seconds(memory.weights()::load, size.rows, size.inputs, size.outputs, product(memory))[0];
    }

    private static ProductTrial.Product product(DeviceMemory memory) {
        return (weight, rows) -> WeightProduct.apply(memory, weight, 0, new Columns(0, weight.columns()), rows);
    }

    private static float rounded(float number) {
        return Float.intBitsToFloat(DataType.toBfloat16(number) << 16);
    }

    /** What a failure says, without what to do about it: there are the plain kernels. */
    public static String reason(Throwable failure) {
        return String.valueOf(failure.getMessage())
                .split(";", 2)[0]
                .lines()
                .findFirst()
                .orElse(failure.getClass().getSimpleName());
    }
}
