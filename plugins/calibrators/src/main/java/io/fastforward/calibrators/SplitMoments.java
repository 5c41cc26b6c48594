package io.fastforward.calibrators;

import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.tensor.DoubleMatrix;

/**
 * The moments of a problem, split into kept inputs K, which come first, and removed inputs P.
 *
 * @param gram H = Σ x xᵀ, {@code inputs × inputs}, finite
 * @param target T = Σ y xᵀ, {@code inputs × inputs}, finite; H itself if the features are to be reproduced
 * @param residual R = Σ r xᵀ, {@code outputs × inputs}, finite; {@code 0 × 0} if there is nothing to make up for
 * @param kept number of kept inputs
 */
record SplitMoments(DoubleMatrix gram, DoubleMatrix target, DoubleMatrix residual, int kept) {

    /**
     * The moments of a problem.
     *
     * @throws IllegalArgumentException if they have the wrong shape, or are not finite
     */
    static SplitMoments of(Problem problem) {
        int inputs = problem.map().weight().columns();
        check("Gram matrix", problem.gram(), inputs, inputs);
        var moments = new SplitMoments(problem.gram(), problem.target(), problem.residual(), problem.kept());
        if (!problem.target().equals(problem.gram())) {
            check("target moments", problem.target(), inputs, inputs);
        }
        if (moments.hasResidual()) {
            check("residual moments", problem.residual(), problem.map().weight().rows(), inputs);
        }
        return moments;
    }

    private static void check(String name, DoubleMatrix matrix, int rows, int inputs) {
        if (matrix.rows() != rows || matrix.columns() != inputs) {
            throw new IllegalArgumentException("the " + name + " must be " + rows + " × " + inputs + ", but is "
                    + matrix.rows() + " × " + matrix.columns());
        }
        double[] row = new double[inputs];
        for (int i = 0; i < rows; i++) {
            matrix.readRow(i, row, inputs);
            for (int j = 0; j < inputs; j++) {
                if (!Double.isFinite(row[j])) {
                    throw new IllegalArgumentException("the " + name + " has " + row[j] + " in row " + i + ", column "
                            + j + ": the model overflows on the calibration text");
                }
            }
        }
    }

    /** Whether the features are to be reproduced themselves (y = x, r = 0). */
    boolean reproducesItself() {
        return target.equals(gram) && !hasResidual();
    }

    /** Whether there is something to make up for beside the image of y. */
    boolean hasResidual() {
        return residual.rows() > 0;
    }

    int inputs() {
        return gram.rows();
    }

    int removed() {
        return inputs() - kept;
    }

    /** H_KK. */
    DoubleMatrix keptGram() {
        return gram.leadingBlock(kept, kept);
    }

    /** H_PK. */
    DoubleMatrix removedGram() {
        return gram.block(kept, removed(), 0, kept);
    }

    /** T_K, all rows. */
    DoubleMatrix keptTarget() {
        return target.leadingBlock(inputs(), kept);
    }

    /** The mean of some leading diagonal elements of H: the sum of squares of an average one of these features. */
    double meanDiagonal(int leading) {
        double sum = 0;
        for (int i = 0; i < leading; i++) {
            double square = gram.get(i, i);
            if (square < 0) {
                throw new IllegalArgumentException("the Gram matrix has " + square + " on its diagonal, in row " + i
                        + ": it is no sum of squares");
            }
            sum += square;
        }
        return sum / leading;
    }

    /** Overwrites the lower triangle of {@code target} with that of H_KK + λI. */
    void copyKeptTriangle(double lambda, DoubleMatrix target) {
        double[] row = new double[kept];
        for (int i = 0; i < kept; i++) {
            gram.readRow(i, row, i + 1);
            row[i] += lambda;
            target.writeRow(i, row, i + 1);
        }
    }
}
