package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * ‖W′ X_K − W X‖² ÷ ‖W X‖², from H = X Xᵀ alone: with D = W − (W′, 0) it is tr(D H Dᵀ) ÷ tr(W H Wᵀ). Nothing cancels,
 * so that small errors are exact too.
 *
 * @param gram H
 * @param algebra multiplies
 * @param product scratch memory
 */
record RelativeError(DoubleMatrix gram, LinearAlgebra algebra, DoubleMatrix product) {

    /**
     * Columns of H that are multiplied at once. H is symmetric, so only its blocks on and below the diagonal are
     * multiplied: half of the work.
     */
    private static final int COLUMNS = 1024;

    /** The relative error of a repaired map; 0 if there is nothing to reproduce. */
    static double of(Matrix dense, Matrix repaired, DoubleMatrix gram, LinearAlgebra algebra) {
        int inputs = dense.columns();
        int blockRows = Math.min(Blocks.ROWS, dense.rows());
        double error = 0;
        double energy = 0;
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix weights = DoubleMatrix.allocate(scratch, blockRows, inputs);
            DoubleMatrix kept = DoubleMatrix.allocate(scratch, blockRows, repaired.columns());
            var product = DoubleMatrix.allocate(scratch, blockRows, Math.min(COLUMNS, inputs));
            var relativeError = new RelativeError(gram, algebra, product);
            for (int first = 0; first < dense.rows(); first += blockRows) {
                int rows = Math.min(blockRows, dense.rows() - first);
                DoubleMatrix block = weights.leadingBlock(rows, inputs);
                Blocks.widen(dense, first, block);
                energy += relativeError.squares(block);
                DoubleMatrix keptBlock = kept.leadingBlock(rows, repaired.columns());
                Blocks.widen(repaired, first, keptBlock);
                Blocks.subtract(block, keptBlock);
                error += relativeError.squares(block);
            }
        }
        return energy > 0 ? Math.max(0, error / energy) : 0;
    }

    /** ‖M X‖² = tr(M H Mᵀ). */
    private double squares(DoubleMatrix map) {
        int inputs = gram.columns();
        double sum = 0;
        for (int first = 0; first < inputs; first += COLUMNS) {
            int width = Math.min(COLUMNS, inputs - first);
            int below = first + width;
            sum += form(map, first, first, width, width) + 2 * form(map, below, first, inputs - below, width);
        }
        return sum;
    }

    /** tr(M_R · H_RC · M_Cᵀ) for a range of rows and a range of columns of H. */
    private double form(DoubleMatrix map, int firstRow, int firstColumn, int rows, int columns) {
        if (rows == 0) {
            return 0;
        }
        DoubleMatrix result = product.leadingBlock(map.rows(), columns);
        algebra.multiply(
                map.block(0, map.rows(), firstRow, rows), gram.block(firstRow, rows, firstColumn, columns), result);
        double[] left = new double[columns];
        double[] right = new double[columns];
        double sum = 0;
        for (int i = 0; i < map.rows(); i++) {
            result.readRow(i, left, columns);
            map.block(i, 1, firstColumn, columns).readRow(0, right, columns);
            for (int j = 0; j < columns; j++) {
                sum += left[j] * right[j];
            }
        }
        return sum;
    }
}
