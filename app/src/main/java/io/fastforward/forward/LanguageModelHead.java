package io.fastforward.forward;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The end of a model on a device: final normalisation, the map back to the size of embeddings where there is one, and
 * head.
 */
public final class LanguageModelHead implements AutoCloseable {

    /** Rows whose images are in host memory at once: some MB. */
    private static final int ROWS = 1024;

    private final ComputeBackend backend;
    private final LoadedHead head;
    private final @Nullable EndProjection projection;

    /**
     * A head whose weights live at least as long.
     *
     * @throws Failure if there is a final normalisation before a map back, which no known model has
     */
    public LanguageModelHead(ComputeBackend backend, ModelEnds ends) {
        Matrix map = ends.outputProjection();
        if (map != null && ends.head().normalization() != null) {
            throw FailureKind.UNSUPPORTED_MODEL.failure(
                    "config.json: a final normalisation before a map to a narrower embedding (do_layer_norm_before with"
                            + " word_embed_proj_dim) is not supported");
        }
        this.backend = backend;
        this.projection = map == null ? null : new EndProjection(backend, map);
        try {
            this.head = backend.loadHead(ends.head());
        } catch (Throwable e) {
            closeProjection();
            throw e;
        }
    }

    /** Number of logits of a token. */
    public int vocabulary() {
        return head.vocabulary();
    }

    /** As {@link ComputeBackend#logLikelihood}. */
    public void logLikelihood(DeviceMatrix hidden, int[] targets, double[] result) {
        if (projection == null) {
            backend.logLikelihood(head, hidden, targets, result);
            return;
        }
        for (int first = 0; first < targets.length; first += ROWS) {
            int rows = Math.min(ROWS, targets.length - first);
            double[] part = new double[rows];
            try (DeviceMatrix projected = project(projection, hidden, first, rows)) {
                backend.logLikelihood(head, projected, Arrays.copyOfRange(targets, first, first + rows), part);
            }
            System.arraycopy(part, 0, result, first, rows);
        }
    }

    /**
     * Log-likelihoods of the tokens that follow in windows whose hidden states have passed all layers.
     *
     * @param result as of {@link Decoder#logLikelihoods}, from an offset on
     */
    public void logLikelihoods(TokenWindows windows, HiddenStates states, double[] result, int offset) {
        int length = windows.length();
        for (Chunk chunk : states.chunks()) {
            int[] targets = new int[chunk.shape().rows()];
            for (int row = 0; row < targets.length; row++) {
                int position = row % length;
                targets[row] =
                        position == length - 1 ? -1 : windows.token(chunk.firstWindow() + row / length, position + 1);
            }
            double[] logLikelihoods = new double[targets.length];
            logLikelihood(chunk.hidden(), targets, logLikelihoods);
            System.arraycopy(logLikelihoods, 0, result, offset + chunk.firstWindow() * length, logLikelihoods.length);
        }
    }

    /** As {@link ComputeBackend#logits}. */
    public void logits(DeviceMatrix hidden, int firstRow, Matrix result) {
        if (projection == null) {
            backend.logits(head, hidden, firstRow, result);
            return;
        }
        for (int first = 0; first < result.rows(); first += ROWS) {
            int rows = Math.min(ROWS, result.rows() - first);
            try (DeviceMatrix projected = project(projection, hidden, firstRow + first, rows)) {
                backend.logits(head, projected, 0, result.rowRange(first, rows));
            }
        }
    }

    private DeviceMatrix project(EndProjection map, DeviceMatrix hidden, int firstRow, int rows) {
        try (Arena arena = Arena.ofShared()) {
            Matrix narrow = map.apply(hidden, firstRow, rows, arena);
            DeviceMatrix projected = backend.allocate(rows, narrow.columns());
            backend.write(narrow, projected, 0);
            return projected;
        }
    }

    @Override
    public void close() {
        head.close();
        closeProjection();
    }

    private void closeProjection() {
        if (projection != null) {
            projection.close();
        }
    }
}
