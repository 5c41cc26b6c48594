package io.fastforward.forward;

import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * How far predictions are from the dense model's: KL(dense ‖ other) of the next token's distribution, in nats, in double
 * precision from logits in single precision.
 *
 * @param dense the dense model's head
 * @param other the other model's
 */
public record LogitDivergence(LanguageModelHead dense, LanguageModelHead other) {

    /** Tokens whose logits are compared at once. */
    private static final int ROWS = 128;

    /**
     * The divergence after every token.
     *
     * @param denseStates the dense model's hidden states behind all layers
     * @param firstChunk which chunk of these the first one of the other states belongs to
     * @param states the other model's, of the same windows
     * @return {@code windows × length}, window after window
     */
    public double[] of(HiddenStates denseStates, int firstChunk, HiddenStates states) {
        int rows =
                states.chunks().stream().mapToInt(chunk -> chunk.shape().rows()).sum();
        double[] result = new double[rows];
        int done = 0;
        try (Arena scratch = Arena.ofShared()) {
            Matrix left = Matrix.allocate(scratch, DataType.F32, ROWS, dense.vocabulary());
            Matrix right = Matrix.allocate(scratch, DataType.F32, ROWS, other.vocabulary());
            for (int i = 0; i < states.chunks().size(); i++) {
                int all = states.chunks().get(i).shape().rows();
                for (int first = 0; first < all; first += ROWS) {
                    int count = Math.min(ROWS, all - first);
                    dense.logits(denseStates.chunks().get(firstChunk + i).hidden(), first, left.leadingRows(count));
                    other.logits(states.chunks().get(i).hidden(), first, right.leadingRows(count));
                    for (int row = 0; row < count; row++) {
                        result[done++] = divergence(left, right, row);
                    }
                }
            }
        }
        return result;
    }

    /** Σ p log(p ÷ q) of two rows of logits. */
    static double divergence(Matrix left, Matrix right, int row) {
        double leftNorm = logSumExp(left, row);
        double rightNorm = logSumExp(right, row);
        double sum = 0;
        for (int j = 0; j < left.columns(); j++) {
            double p = left.get(row, j) - leftNorm;
            sum += Math.exp(p) * (p - (right.get(row, j) - rightNorm));
        }
        return sum;
    }

    private static double logSumExp(Matrix logits, int row) {
        double largest = Double.NEGATIVE_INFINITY;
        for (int j = 0; j < logits.columns(); j++) {
            largest = Math.max(largest, logits.get(row, j));
        }
        double sum = 0;
        for (int j = 0; j < logits.columns(); j++) {
            sum += Math.exp(logits.get(row, j) - largest);
        }
        return largest + Math.log(sum);
    }
}
