package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/**
 * What a regression adds to the kept weights, some rows at a time: (W·T_K + R_K − W_K·H_KK − πW_K) · (H_KK + λI)⁻¹. With π = 0
 * that leads to ridge regression centred on W_K; with π = λ to (W·T_K + R_K) · (H_KK + λI)⁻¹, which is centred on zero.
 */
final class Correction {

    /**
     * Most rows at a time. All sums are read once for a block, and they may be on disk: a repair of LLaMA-2-70B's shape, its sums
     * in files, takes 435 s a layer with four blocks and 606 s with sixteen.
     */
    private static final int MOST_ROWS = 2048;

    private final Matrix dense;
    private final SplitMoments moments;
    private final double pull;
    private final LinearAlgebra algebra;
    private final int blockRows;
    private final DoubleMatrix weights;
    private final DoubleMatrix corrections;
    private final DoubleMatrix products;

    /**
     * Prepares the scratch memory.
     *
     * @param dense W, {@code outputs × inputs}, F32
     * @param pull π: how strongly weights are pulled to zero, in the units of a Gram matrix's diagonal
     */
    Correction(Matrix dense, SplitMoments moments, double pull, LinearAlgebra algebra, Arena scratch) {
        this.dense = dense;
        this.moments = moments;
        this.pull = pull;
        this.algebra = algebra;
        this.blockRows = blockRows(dense.rows(), moments.inputs(), moments.kept());
        this.weights = DoubleMatrix.allocate(scratch, blockRows, dense.columns());
        this.corrections = DoubleMatrix.allocate(scratch, blockRows, moments.kept());
        this.products = DoubleMatrix.allocate(scratch, moments.reproducesItself() ? 0 : blockRows, moments.kept());
    }

    /** As many as have room, beside the factor, in what {@link Calibrator#scratchBytes} plans with by default. */
    static int blockRows(int outputs, int inputs, int kept) {
        long room = (long) inputs * inputs + (long) inputs * outputs - (long) kept * kept;
        return Math.min(outputs, Math.clamp(room / (inputs + 2L * kept), Blocks.ROWS, MOST_ROWS));
    }

    /**
     * Adds the correction to the kept weights.
     *
     * @param kept W_K, {@code outputs × kept}, F32; becomes W′
     * @param factor the Cholesky factor of H_KK + λI
     */
    void addTo(Matrix kept, DoubleMatrix factor) {
        for (int first = 0; first < dense.rows(); first += blockRows) {
            int rows = Math.min(blockRows, dense.rows() - first);
            DoubleMatrix block = weights.leadingBlock(rows, dense.columns());
            Blocks.widen(dense, first, block);
            DoubleMatrix correction = corrections.leadingBlock(rows, moments.kept());
            multiplyMissing(block, first, correction);
            if (pull != 0) {
                Blocks.add(correction, block.leadingBlock(rows, moments.kept()), -pull);
            }
            algebra.solve(factor, correction);
            add(correction, kept, first);
        }
    }

    /** result = W·T_K + R_K − W_K·H_KK: what the kept weights miss of the target, in rows from some row on. */
    private void multiplyMissing(DoubleMatrix block, int first, DoubleMatrix result) {
        int kept = moments.kept();
        if (moments.reproducesItself()) {
            DoubleMatrix removed = block.block(0, block.rows(), kept, moments.removed());
            algebra.multiply(removed, moments.removedGram(), result);
        } else {
            DoubleMatrix product = products.leadingBlock(block.rows(), kept);
            algebra.multiply(block, moments.keptTarget(), result);
            algebra.multiply(block.leadingBlock(block.rows(), kept), moments.keptGram(), product);
            Blocks.subtract(result, product);
            if (moments.hasResidual()) {
                Blocks.add(result, moments.residual().block(first, block.rows(), 0, kept));
            }
        }
    }

    private static void add(DoubleMatrix correction, Matrix weights, int firstRow) {
        float[] weightRow = new float[weights.columns()];
        double[] correctionRow = new double[weights.columns()];
        for (int i = 0; i < correction.rows(); i++) {
            Blocks.readRow(weights, firstRow + i, weightRow);
            correction.readRow(i, correctionRow, correctionRow.length);
            for (int j = 0; j < weightRow.length; j++) {
                weightRow[j] = (float) (weightRow[j] + correctionRow[j]);
            }
            Blocks.writeRow(weightRow, weights, firstRow + i);
        }
    }
}
