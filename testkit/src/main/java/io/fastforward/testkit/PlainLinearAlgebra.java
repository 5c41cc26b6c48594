package io.fastforward.testkit;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;

/** The textbook loops, for tests. */
public final class PlainLinearAlgebra implements LinearAlgebra {

    @Override
    public boolean cholesky(DoubleMatrix symmetric) {
        int n = symmetric.rows();
        for (int j = 0; j < n; j++) {
            double pivot = symmetric.get(j, j) - dot(symmetric, j, symmetric, j, j);
            if (!(pivot > 0)) {
                return false;
            }
            double root = Math.sqrt(pivot);
            symmetric.set(j, j, root);
            for (int i = j + 1; i < n; i++) {
                symmetric.set(i, j, (symmetric.get(i, j) - dot(symmetric, i, symmetric, j, j)) / root);
            }
        }
        return true;
    }

    @Override
    public void solve(DoubleMatrix factor, DoubleMatrix rows) {
        int n = factor.rows();
        for (int row = 0; row < rows.rows(); row++) {
            for (int i = 0; i < n; i++) {
                rows.set(row, i, (rows.get(row, i) - dot(factor, i, rows, row, i)) / factor.get(i, i));
            }
            for (int i = n - 1; i >= 0; i--) {
                double sum = rows.get(row, i);
                for (int j = i + 1; j < n; j++) {
                    sum -= factor.get(j, i) * rows.get(row, j);
                }
                rows.set(row, i, sum / factor.get(i, i));
            }
        }
    }

    @Override
    public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        if (left.columns() != right.rows() || left.rows() != result.rows() || right.columns() != result.columns()) {
            throw new IllegalArgumentException("shapes do not fit: " + left + ", " + right + ", " + result);
        }
        for (int i = 0; i < left.rows(); i++) {
            for (int j = 0; j < right.columns(); j++) {
                double sum = 0;
                for (int k = 0; k < left.columns(); k++) {
                    sum += left.get(i, k) * right.get(k, j);
                }
                result.set(i, j, sum);
            }
        }
    }

    private static double dot(DoubleMatrix left, int leftRow, DoubleMatrix right, int rightRow, int count) {
        double sum = 0;
        for (int k = 0; k < count; k++) {
            sum += left.get(leftRow, k) * right.get(rightRow, k);
        }
        return sum;
    }
}
