package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.kernel.Exponential;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.model.AttentionSpec;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Softmax over scores that come in tiles of keys, for the queries of one block. A new maximum scales down what has
 * been summed up before (Milakov and Gimelshein, Online normalizer calculation for softmax, 2018).
 */
final class OnlineSoftmax {

    private final RowKernels kernels;
    private final AttentionSpec spec;
    private final FloatView weightedSums;
    private final int valueSize;
    private final float[] maxima;
    private final double[] sums;

    /**
     * Of the queries of one block.
     *
     * @param weightedSums where the values are summed up with their weights, one row a query
     * @param valueSize how many dimensions they have
     */
    OnlineSoftmax(RowKernels kernels, AttentionSpec spec, FloatView weightedSums, int valueSize, int queries) {
        this.kernels = kernels;
        this.spec = spec;
        this.weightedSums = weightedSums;
        this.valueSize = valueSize;
        this.maxima = new float[queries];
        this.sums = new double[queries];
        Arrays.fill(maxima, Float.NEGATIVE_INFINITY);
    }

    /** Turns the scores of one query into weights: zero except for the keys that it sees. */
    void weigh(int query, FloatView scores, int from, int to, int keys) {
        long row = scores.index(query);
        clear(scores, row, from);
        clear(scores, row + to, keys - to);
        if (from == to) {
            return;
        }
        float scale = (float) spec.scale();
        float before = maxima[query];
        float maximum = Math.max(before, kernels.maximum(scores.data(), row + from, to - from));
        if (maximum > before && sums[query] > 0) {
            float factor = Exponential.exp(scale * (before - maximum));
            scaleSum(query, factor);
            sums[query] *= factor;
        }
        maxima[query] = maximum;
        sums[query] += kernels.exponentials(scores.data(), row + from, to - from, maximum, scale);
    }

    /** Divides the weighted sums by the sums of weights. */
    void divide() {
        for (int query = 0; query < sums.length; query++) {
            scaleSum(query, (float) (1 / sums[query]));
        }
    }

    private void scaleSum(int query, float factor) {
        MemorySegment data = weightedSums.data();
        long row = weightedSums.index(query);
        kernels.scale(factor, data, row, data, row, valueSize);
    }

    private static void clear(FloatView view, long first, int length) {
        view.data().asSlice(first * Float.BYTES, (long) length * Float.BYTES).fill((byte) 0);
    }
}
