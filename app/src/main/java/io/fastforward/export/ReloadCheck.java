package io.fastforward.export;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Checks that a written checkpoint is the model that was in memory: for the readers of the format by what it says, and by
 * its logits.
 */
public final class ReloadCheck {

    /**
     * Largest difference of two logits that counts as the same model, relative to the largest logit. The same numbers
     * go through the same operations, so a CPU gives no difference at all; a device may sum in another order.
     */
    public static final double TOLERANCE = 1e-4;

    /** Tokens whose logits are compared at most: enough for every position-dependent part to matter. */
    public static final int PROBE_LENGTH = 64;

    private ReloadCheck() {}

    /**
     * Reads a model back and compares.
     *
     * @param format that it was written in
     * @param expected logits of the model in memory after every token of the window
     * @return the largest difference relative to the largest logit; NaN if the format cannot read
     * @throws Failure of kind {@link FailureKind#NOT_FINITE} if one of those expected is not a finite number; if it
     *     exceeds {@link #TOLERANCE}, or readers of the format would take the checkpoint for another model
     */
    public static double run(
            ModelFormat format, ComputeBackend backend, Path directory, TokenWindows window, Matrix expected) {
        requireFinite(expected);
        Optional<ReadableModel> written = format.open(directory);
        if (written.isEmpty()) {
            return Double.NaN;
        }
        try (ReadableModel model = written.get();
                LayerSource layers = LayerSource.streamed(backend, model.spec(), model);
                Decoder decoder = new Decoder(backend, layers, model.ends(), 0);
                Arena arena = Arena.ofShared()) {
            double difference = relativeDifference(expected, decoder.logits(window, arena));
            if (!(difference <= TOLERANCE)) {
                throw FailureKind.VERIFICATION.failure(
                        "the checkpoint was written but does not read back as the same model: logits differ by "
                                + difference + " (relative), expected at most " + TOLERANCE
                                + "; nothing was kept. The disk may be failing; please report it if it happens again");
            }
            return difference;
        }
    }

    /** What is not finite differs from everything, itself included. */
    private static void requireFinite(Matrix expected) {
        for (int row = 0; row < expected.rows(); row++) {
            for (int column = 0; column < expected.columns(); column++) {
                if (!Float.isFinite(expected.get(row, column))) {
                    throw FailureKind.NOT_FINITE.failure(
                            "the logits of the model to write are not finite numbers: its weights in the data type of"
                                    + " the output, or its activations, overflow; nothing was kept. With "
                                    + Setting.DATA_TYPE + " F16, use BF16 or F32 instead");
                }
            }
        }
    }

    private static double relativeDifference(Matrix expected, Matrix actual) {
        double largest = 0;
        double difference = 0;
        for (int row = 0; row < expected.rows(); row++) {
            for (int column = 0; column < expected.columns(); column++) {
                float want = expected.get(row, column);
                largest = Math.max(largest, Math.abs(want));
                difference = Math.max(difference, Math.abs((double) want - actual.get(row, column)));
            }
        }
        return largest == 0 ? difference : difference / largest;
    }
}
