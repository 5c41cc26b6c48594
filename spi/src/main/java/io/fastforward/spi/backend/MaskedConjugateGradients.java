package io.fastforward.spi.backend;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.BitSet;

/**
 * Conjugate gradients for many rows at once, each on a support of its own: steps and directions are the affair of a row,
 * and what the rows share is the product with the Gram matrix. See {@link LinearAlgebra#fitOnSupport}.
 */
final class MaskedConjugateGradients {

    /**
     * A row has converged when its residual, in the norm of the preconditioner, is this part of what it was at first: the
     * squares are then as small as rounding leaves them, and a step would divide noise by noise.
     */
    private static final double CONVERGED = 0x1p-104;

    private final LinearAlgebra algebra;
    private final DoubleMatrix gram;
    private final DoubleMatrix targets;
    private final BitSet support;
    private final DoubleMatrix rows;
    private final int columns;
    private final double[] inverseDiagonal;

    /** {@code r·z} of every row; 0 where nothing is left to do. */
    private final double[] squaredResiduals;

    private final double[] converged;

    MaskedConjugateGradients(
            LinearAlgebra algebra, DoubleMatrix gram, DoubleMatrix targets, BitSet support, DoubleMatrix rows) {
        requireFit(gram, targets, rows);
        this.algebra = algebra;
        this.gram = gram;
        this.targets = targets;
        this.support = support;
        this.rows = rows;
        this.columns = rows.columns();
        Math.multiplyExact(rows.rows(), columns); // bits have numbers of this type
        this.inverseDiagonal = new double[columns];
        Arrays.setAll(inverseDiagonal, j -> gram.get(j, j) > 0 ? 1 / gram.get(j, j) : 0);
        this.squaredResiduals = new double[rows.rows()];
        this.converged = new double[rows.rows()];
        requireZeroOutside();
    }

    private static void requireFit(DoubleMatrix gram, DoubleMatrix targets, DoubleMatrix rows) {
        if (gram.rows() != gram.columns()
                || rows.columns() != gram.rows()
                || targets.rows() != rows.rows()
                || targets.columns() != rows.columns()) {
            throw new IllegalArgumentException("rows of " + shape(rows) + " and targets of " + shape(targets)
                    + " do not fit a Gram matrix of " + shape(gram));
        }
    }

    private void requireZeroOutside() {
        double[] row = new double[columns];
        for (int i = 0; i < rows.rows(); i++) {
            rows.readRow(i, row, columns);
            for (int j = 0; j < columns; j++) {
                if (row[j] != 0 && !isIn(i, j)) {
                    throw new IllegalArgumentException("row " + i + ", column " + j + " is outside of the support, but "
                            + row[j] + " instead of 0");
                }
            }
        }
    }

    void run(int iterations) {
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix residuals = DoubleMatrix.allocate(scratch, rows.rows(), columns);
            DoubleMatrix directions = DoubleMatrix.allocate(scratch, rows.rows(), columns);
            DoubleMatrix products = DoubleMatrix.allocate(scratch, rows.rows(), columns);
            algebra.multiply(rows, gram, products);
            for (int i = 0; i < rows.rows(); i++) {
                begin(i, residuals, directions, products);
            }
            for (int k = 0; k < iterations && Arrays.stream(squaredResiduals).anyMatch(left -> left > 0); k++) {
                algebra.multiply(directions, gram, products);
                for (int i = 0; i < rows.rows(); i++) {
                    if (squaredResiduals[i] > 0) {
                        step(i, residuals, directions, products);
                    }
                }
            }
        }
    }

    /** The residual r = t − w·G on the support, and the direction z = r ÷ diagonal. */
    private void begin(int i, DoubleMatrix residuals, DoubleMatrix directions, DoubleMatrix products) {
        double[] residual = new double[columns];
        double[] product = new double[columns];
        double[] direction = new double[columns];
        targets.readRow(i, residual, columns);
        products.readRow(i, product, columns);
        double squared = 0;
        for (int j = 0; j < columns; j++) {
            residual[j] = isIn(i, j) && inverseDiagonal[j] != 0 ? residual[j] - product[j] : 0;
            direction[j] = residual[j] * inverseDiagonal[j];
            squared += residual[j] * direction[j];
        }
        residuals.writeRow(i, residual, columns);
        directions.writeRow(i, direction, columns);
        squaredResiduals[i] = squared;
        converged[i] = CONVERGED * squared;
    }

    private void step(int i, DoubleMatrix residuals, DoubleMatrix directions, DoubleMatrix products) {
        double[] direction = new double[columns];
        double[] product = new double[columns];
        directions.readRow(i, direction, columns);
        products.readRow(i, product, columns);
        double curvature = 0;
        for (int j = 0; j < columns; j++) {
            curvature += direction[j] * product[j]; // the direction is zero outside of the support
        }
        double length = squaredResiduals[i] / curvature;
        if (!(curvature > 0 && length < Double.POSITIVE_INFINITY)) {
            squaredResiduals[i] = 0; // along what is left the Gram matrix is zero, but for rounding
            return;
        }
        double[] row = new double[columns];
        double[] residual = new double[columns];
        rows.readRow(i, row, columns);
        residuals.readRow(i, residual, columns);
        double squared = 0;
        for (int j = 0; j < columns; j++) {
            row[j] += length * direction[j];
            residual[j] = isIn(i, j) && inverseDiagonal[j] != 0 ? residual[j] - length * product[j] : 0;
            squared += residual[j] * residual[j] * inverseDiagonal[j];
        }
        double kept = squared / squaredResiduals[i];
        for (int j = 0; j < columns; j++) {
            direction[j] = residual[j] * inverseDiagonal[j] + kept * direction[j];
        }
        rows.writeRow(i, row, columns);
        residuals.writeRow(i, residual, columns);
        directions.writeRow(i, direction, columns);
        squaredResiduals[i] = squared <= converged[i] ? 0 : squared;
    }

    private boolean isIn(int row, int column) {
        return support.get(row * columns + column);
    }

    private static String shape(DoubleMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
