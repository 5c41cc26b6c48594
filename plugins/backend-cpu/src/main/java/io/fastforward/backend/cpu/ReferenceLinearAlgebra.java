package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;

/** The textbook algorithms (Golub and Van Loan, Matrix Computations, 3.1 and 4.2), row by row. */
final class ReferenceLinearAlgebra implements LinearAlgebra {

    @Override
    public boolean cholesky(DoubleMatrix symmetric) {
        LinearAlgebraShapes.requireSquare(symmetric);
        for (int row = 0; row < symmetric.rows(); row++) {
            for (int column = 0; column <= row; column++) {
                double sum = symmetric.get(row, column);
                for (int k = 0; k < column; k++) {
                    sum -= symmetric.get(row, k) * symmetric.get(column, k);
                }
                if (column < row) {
                    symmetric.set(row, column, sum / symmetric.get(column, column));
                } else if (sum > 0 && sum < Double.POSITIVE_INFINITY) {
                    symmetric.set(row, row, Math.sqrt(sum));
                } else {
                    return false;
                }
            }
        }
        return true;
    }

    @Override
    public void solve(DoubleMatrix factor, DoubleMatrix rows) {
        LinearAlgebraShapes.requireSolvable(factor, rows);
        for (int row = 0; row < rows.rows(); row++) {
            for (int i = 0; i < factor.rows(); i++) {
                double sum = rows.get(row, i);
                for (int k = 0; k < i; k++) {
                    sum -= factor.get(i, k) * rows.get(row, k);
                }
                rows.set(row, i, sum / factor.get(i, i));
            }
            for (int i = factor.rows() - 1; i >= 0; i--) {
                double sum = rows.get(row, i);
                for (int k = i + 1; k < factor.rows(); k++) {
                    sum -= factor.get(k, i) * rows.get(row, k);
                }
                rows.set(row, i, sum / factor.get(i, i));
            }
        }
    }

    @Override
    public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        LinearAlgebraShapes.requireProduct(left, right, result);
        for (int row = 0; row < left.rows(); row++) {
            for (int column = 0; column < right.columns(); column++) {
                double sum = 0;
                for (int k = 0; k < left.columns(); k++) {
                    sum += left.get(row, k) * right.get(k, column);
                }
                result.set(row, column, sum);
            }
        }
    }
}
