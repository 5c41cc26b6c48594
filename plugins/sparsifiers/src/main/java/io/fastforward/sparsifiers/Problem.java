package io.fastforward.sparsifiers;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;

/**
 * What one map is to do: Σ ‖W′ x* − W x‖² over the calibration tokens is to be small, where x are the inputs of the dense map
 * W and x* those that W′ will see. That is tr(W′ G W′ᵀ) − 2 tr(T W′ᵀ) + tr(W R Wᵀ) with G = Σ x* x*ᵀ, T = W Σ x x*ᵀ and
 * R = Σ x xᵀ.
 *
 * @param gram G, {@code inputs × inputs}; read only
 * @param targets T, {@code outputs × inputs}
 * @param place of the map, for messages
 */
record Problem(DoubleMatrix gram, DoubleMatrix targets, String place) {

    /**
     * The problem of a map.
     *
     * @param weights W, {@code outputs × inputs}
     * @param scratch owns the targets
     * @throws IllegalArgumentException if a moment is not finite; the message says where
     */
    static Problem of(MapView map, DoubleMatrix weights, LinearAlgebra algebra, Arena scratch) {
        DoubleMatrix gram = finite(map, Moment.GRAM, HiddenStream.OWN);
        DoubleMatrix cross = finite(map, Moment.CROSS_GRAM, HiddenStream.DENSE);
        DoubleMatrix targets = DoubleMatrix.allocate(scratch, weights.rows(), weights.columns());
        algebra.multiply(weights, cross, targets);
        return new Problem(gram, targets, map.place());
    }

    /** A moment, which is known to be finite. */
    static DoubleMatrix finite(MapView map, Moment kind, HiddenStream stream) {
        DoubleMatrix moment = map.moment(kind, stream);
        double[] row = new double[moment.columns()];
        for (int i = 0; i < moment.rows(); i++) {
            moment.readRow(i, row, row.length);
            for (int j = 0; j < row.length; j++) {
                if (!Double.isFinite(row[j])) {
                    throw new IllegalArgumentException(map.place() + ": element (" + i + ", " + j + ") of the "
                            + (kind == Moment.CROSS_GRAM ? "cross moments" : "Gram matrix") + " is " + row[j]
                            + ", but a finite number was expected; the model overflows on the calibration text");
                }
            }
        }
        return moment;
    }

    /** tr(W R Wᵀ): what the error of no map at all would be. */
    static double squaredOutput(MapView map, DoubleMatrix weights, LinearAlgebra algebra) {
        DoubleMatrix dense = finite(map, Moment.GRAM, HiddenStream.DENSE);
        double[] sum = new double[1];
        Blocks.forRows(weights.rows(), (first, count) -> {
            try (Arena scratch = Arena.ofShared()) {
                DoubleMatrix rows = weights.block(first, count, 0, weights.columns());
                DoubleMatrix products = DoubleMatrix.allocate(scratch, count, rows.columns());
                algebra.multiply(rows, dense, products);
                sum[0] += innerProduct(rows, products);
            }
        });
        return sum[0];
    }

    /** tr(W′ G W′ᵀ) − 2 tr(T W′ᵀ): the squared error, but for what does not depend on W′. */
    double objective(DoubleMatrix sparse, LinearAlgebra algebra) {
        double[] sum = new double[1];
        Blocks.forRows(sparse.rows(), (first, count) -> {
            try (Arena scratch = Arena.ofShared()) {
                DoubleMatrix rows = sparse.block(first, count, 0, sparse.columns());
                DoubleMatrix products = DoubleMatrix.allocate(scratch, count, rows.columns());
                algebra.multiply(rows, gram, products);
                sum[0] += innerProduct(rows, products)
                        - 2 * innerProduct(rows, targets.block(first, count, 0, targets.columns()));
            }
        });
        return sum[0];
    }

    private static double innerProduct(DoubleMatrix left, DoubleMatrix right) {
        double[] leftRow = new double[left.columns()];
        double[] rightRow = new double[left.columns()];
        double sum = 0;
        for (int i = 0; i < left.rows(); i++) {
            left.readRow(i, leftRow, leftRow.length);
            right.readRow(i, rightRow, rightRow.length);
            for (int j = 0; j < leftRow.length; j++) {
                sum += leftRow[j] * rightRow[j];
            }
        }
        return sum;
    }

    /** Least squares on the weights that stay, starting from what they are. */
    void refit(DoubleMatrix sparse, Mask mask, int iterations, LinearAlgebra algebra) {
        Blocks.forRows(
                sparse.rows(),
                (first, count) -> algebra.fitOnSupport(
                        gram,
                        targets.block(first, count, 0, targets.columns()),
                        mask.rows(first, count),
                        iterations,
                        sparse.block(first, count, 0, sparse.columns())));
    }
}
