package io.fastforward.sparsifiers;

import io.fastforward.spi.tensor.DoubleMatrix;

/** How much the weights of a map matter, row by row; none is negative. */
@FunctionalInterface
interface Scores {

    /** The scores of a row. */
    void read(int row, double[] scores);

    /** Magnitudes. */
    static Scores magnitudes(DoubleMatrix weights) {
        return (row, scores) -> {
            weights.readRow(row, scores, scores.length);
            for (int j = 0; j < scores.length; j++) {
                scores[j] = Math.abs(scores[j]);
            }
        };
    }

    /** Magnitudes times a factor of the column. */
    static Scores magnitudes(DoubleMatrix weights, double[] factors) {
        return (row, scores) -> {
            weights.readRow(row, scores, scores.length);
            for (int j = 0; j < scores.length; j++) {
                scores[j] = Math.abs(scores[j]) * factors[j];
            }
        };
    }
}
