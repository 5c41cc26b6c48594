package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.device.WeightMatrix;
import io.fastforward.backend.tornado.device.WeightProduct;
import io.fastforward.backend.tornado.kernel.LikelihoodKernel;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.spi.backend.LoadedHead;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The end of a model on the device. The vocabulary is processed panel by panel; logits never leave as a whole. */
final class TornadoHead implements LoadedHead {

    /** Rows that are processed at once. */
    private static final int MOST_ROWS = 4096;

    /** Numbers of one part of a vocabulary, so that it fits what is left of an array. */
    private static final int PART = 1 << 26;

    private final DeviceMemory memory;
    private final int vocabulary;
    private final int hiddenSize;
    private final @Nullable LoadedNormalization norm;
    private final @Nullable Region bias;
    private final List<Part> parts = new ArrayList<>();

    /** Consecutive tokens of the vocabulary. */
    private record Part(int firstToken, WeightMatrix weight) {}

    TornadoHead(DeviceMemory memory, HeadWeights weights) {
        this.memory = memory;
        Matrix weight = weights.head().weight();
        this.vocabulary = weight.rows();
        this.hiddenSize = weight.columns();
        this.norm = weights.normalization() == null || weights.norm() == null
                ? null
                : new LoadedNormalization(memory, weights.normalization(), weights.norm());
        Matrix given = weights.head().bias();
        this.bias = given == null ? null : memory.vector(given, 0);
        try {
            int rows = Math.max(1, PART / hiddenSize);
            for (int first = 0; first < vocabulary; first += rows) {
                parts.add(new Part(
                        first, memory.weights().load(weight.rowRange(first, Math.min(rows, vocabulary - first)))));
            }
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Takes in the logits of consecutive tokens, {@code rows × count} without gaps. */
    @FunctionalInterface
    private interface PanelSink {
        void accept(int firstToken, int count, int logits);
    }

    void logLikelihood(TornadoMatrix hidden, int[] targets, double[] result) {
        for (int first = 0; first < targets.length; first += MOST_ROWS) {
            int rows = Math.min(MOST_ROWS, targets.length - first);
            logLikelihood(hidden.start() + first * hidden.columns(), first, rows, targets, result);
        }
    }

    private void logLikelihood(int hidden, int first, int rows, int[] targets, double[] result) {
        float[] wanted = new float[rows];
        boolean any = false;
        for (int row = 0; row < rows; row++) {
            wanted[row] = targets[first + row]; // below 2²⁴, so exact
            any |= targets[first + row] >= 0;
        }
        if (!any) {
            java.util.Arrays.fill(result, first, first + rows, 0);
            return;
        }
        try (Region wantedTokens = memory.take(1, rows);
                Region states = memory.take(rows, LikelihoodKernel.STATE)) {
            memory.write(wanted, wantedTokens.start());
            forPanels(
                    hidden,
                    rows,
                    (token, count, logits) -> LikelihoodKernel.launch(
                            memory.executor(),
                            new LikelihoodKernel.Sizes(
                                    rows, count, logits, token, wantedTokens.start(), states.start())));
            memory.read(
                    states.start(),
                    LikelihoodKernel.STATE,
                    rows,
                    LikelihoodKernel.STATE,
                    (row, segment, offset) ->
                            result[first + row] = targets[first + row] < 0 ? 0 : logLikelihood(segment, offset));
        }
    }

    private static double logLikelihood(MemorySegment state, long offset) {
        double maximum = state.get(ValueLayout.JAVA_FLOAT, offset);
        double sum = state.get(ValueLayout.JAVA_FLOAT, offset + Float.BYTES);
        double target = state.get(ValueLayout.JAVA_FLOAT, offset + 2 * Float.BYTES);
        double notFinite = state.get(ValueLayout.JAVA_FLOAT, offset + 3 * Float.BYTES);
        return notFinite == 0 ? target - maximum - Math.log(sum) : Double.NaN;
    }

    void logits(TornadoMatrix hidden, int firstRow, Matrix result) {
        for (int first = 0; first < result.rows(); first += MOST_ROWS) {
            int begin = first;
            int rows = Math.min(MOST_ROWS, result.rows() - first);
            forPanels(
                    hidden.start() + (firstRow + first) * hidden.columns(),
                    rows,
                    (token, count, logits) -> memory.read(
                            logits,
                            count,
                            rows,
                            count,
                            (row, segment, offset) -> MemorySegment.copy(
                                    segment,
                                    offset,
                                    result.data(),
                                    ((begin + row) * result.rowStride() + token) * Float.BYTES,
                                    (long) count * Float.BYTES)));
        }
    }

    private void forPanels(int hidden, int rows, PanelSink sink) {
        try (@Nullable Region normalized = norm == null ? null : memory.take(rows, hiddenSize)) {
            int x = hidden;
            if (norm != null && normalized != null) {
                x = normalized.start();
                norm.apply(rows, hidden, x, hiddenSize);
            }
            int width = panelWidth(rows);
            try (Region logits = memory.take(rows, Math.min(width, vocabulary))) {
                for (Part part : parts) {
                    for (int first = 0; first < part.weight.rows(); first += width) {
                        int count = Math.min(width, part.weight.rows() - first);
                        int token = part.firstToken + first;
                        WeightProduct.apply(
                                memory,
                                part.weight,
                                first,
                                new WeightProduct.Columns(0, hiddenSize),
                                new WeightProduct.Rows(
                                        rows,
                                        x,
                                        hiddenSize,
                                        count,
                                        logits.start(),
                                        count,
                                        1,
                                        bias == null ? -1 : bias.start() + token,
                                        false));
                        sink.accept(token, count, logits.start());
                    }
                }
            }
        }
    }

    /** Tokens of the vocabulary at once: whole blocks of packed weights. */
    private int panelWidth(int rows) {
        int width = Math.min(memory.panelElements() / hiddenSize, memory.panelElements() / rows);
        return memory.executor().packsWeights()
                ? Math.max(1, width / TensorProductKernel.BLOCK) * TensorProductKernel.BLOCK
                : Math.clamp(width, 1, vocabulary);
    }

    @Override
    public int vocabulary() {
        return vocabulary;
    }

    @Override
    public void close() {
        parts.forEach(part -> part.weight.close());
        if (norm != null) {
            norm.close();
        }
        if (bias != null) {
            bias.close();
        }
    }
}
