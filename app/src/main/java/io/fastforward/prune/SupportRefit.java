package io.fastforward.prune;

import io.fastforward.model.WeightCopy;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.BitSet;

/**
 * Least squares for the weights that a sparsifier left: W′ on its nonzeros such that Σ ‖W′ x* − W x‖² is small, where x are
 * the dense layer's inputs of the map and x* those that it will see. That is Σ over rows w of w G wᵀ − 2 w tᵀ with
 * G = Σ x* x*ᵀ and t of T = W Σ x x*ᵀ, so one row does not depend on another. A row is kept as it was if that is better in the
 * map's own data type.
 *
 * <p>Scratch memory: {@value #ROWS} rows of the map in double precision, nine times.
 */
final class SupportRefit {

    /** Enough for products to run at full speed, few enough that scratch memory stays small against a Gram matrix. */
    private static final int ROWS = 512;

    private final LinearAlgebra algebra;
    private final int iterations;

    /** Bytes of it for a map of so many columns. */
    static long scratchBytes(long columns) {
        return 9 * ROWS * columns * Double.BYTES;
    }

    SupportRefit(LinearAlgebra algebra, int iterations) {
        this.algebra = algebra;
        this.iterations = iterations;
    }

    /**
     * A map with refitted weights.
     *
     * @param map the dense map, with the moments G and Σ x x*ᵀ
     * @param sparse what the sparsifier made of it, in the dense map's data types
     * @return in the same ones, with zeros where {@code sparse} has them
     */
    Linear refit(MapView map, Linear sparse, Arena arena) {
        DoubleMatrix gram = map.moment(Moment.GRAM);
        DoubleMatrix cross = map.moment(Moment.CROSS_GRAM, HiddenStream.DENSE);
        Matrix before = sparse.weight();
        Matrix after = WeightCopy.of(before, null, arena);
        for (int first = 0; first < before.rows(); first += ROWS) {
            int rows = Math.min(ROWS, before.rows() - first);
            double[] errors = refit(
                    map.map().weight().rowRange(first, rows),
                    before.rowRange(first, rows),
                    gram,
                    cross,
                    after.rowRange(first, rows));
            requireFinite(map, first, errors);
        }
        return new Linear(after, sparse.bias());
    }

    private static void requireFinite(MapView map, int first, double[] errors) {
        for (int i = 0; i < errors.length; i++) {
            if (!Double.isFinite(errors[i])) {
                throw new IllegalArgumentException(
                        map.place() + ": the error of output " + (first + i) + " is " + errors[i]
                                + ", but a finite number was expected; the model overflows on the calibration text");
            }
        }
    }

    /** Returns the errors of the rows before. */
    private double[] refit(Matrix dense, Matrix before, DoubleMatrix gram, DoubleMatrix cross, Matrix after) {
        try (Arena scratch = Arena.ofShared()) { // shared, because the linear algebra may use threads of its own
            DoubleMatrix targets = DoubleMatrix.allocate(scratch, dense.rows(), dense.columns());
            algebra.multiply(widened(dense, scratch), cross, targets);
            DoubleMatrix fitted = widened(before, scratch);
            algebra.fitOnSupport(gram, targets, nonzeros(before), iterations, fitted);
            round(fitted, after);
            double[] errorsBefore = errors(before, gram, targets, scratch);
            double[] errorsAfter = errors(after, gram, targets, scratch);
            for (int i = 0; i < before.rows(); i++) {
                if (!(errorsAfter[i] <= errorsBefore[i])) { // or it has no number
                    before.rowRange(i, 1).copyTo(after.rowRange(i, 1));
                }
            }
            return errorsBefore;
        }
    }

    /** w G wᵀ − 2 w tᵀ of every row. */
    private double[] errors(Matrix weight, DoubleMatrix gram, DoubleMatrix targets, Arena scratch) {
        DoubleMatrix rows = widened(weight, scratch);
        DoubleMatrix products = DoubleMatrix.allocate(scratch, rows.rows(), rows.columns());
        algebra.multiply(rows, gram, products);
        double[] errors = new double[rows.rows()];
        for (int i = 0; i < errors.length; i++) {
            for (int j = 0; j < rows.columns(); j++) {
                errors[i] += rows.get(i, j) * (products.get(i, j) - 2 * targets.get(i, j));
            }
        }
        return errors;
    }

    private static BitSet nonzeros(Matrix weight) {
        BitSet nonzeros = new BitSet(weight.rows() * weight.columns());
        for (int i = 0; i < weight.rows(); i++) {
            for (int j = 0; j < weight.columns(); j++) {
                nonzeros.set(i * weight.columns() + j, weight.get(i, j) != 0);
            }
        }
        return nonzeros;
    }

    private static DoubleMatrix widened(Matrix weight, Arena scratch) {
        DoubleMatrix wide = DoubleMatrix.allocate(scratch, weight.rows(), weight.columns());
        for (int i = 0; i < weight.rows(); i++) {
            for (int j = 0; j < weight.columns(); j++) {
                wide.set(i, j, weight.get(i, j));
            }
        }
        return wide;
    }

    private static void round(DoubleMatrix rows, Matrix weight) {
        for (int i = 0; i < weight.rows(); i++) {
            for (int j = 0; j < weight.columns(); j++) {
                weight.set(i, j, (float) rows.get(i, j));
            }
        }
    }
}
