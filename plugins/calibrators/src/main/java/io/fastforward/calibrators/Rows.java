package io.fastforward.calibrators;

import io.fastforward.spi.tensor.DoubleMatrix;

/** Arithmetic on the elements of matrices, row by row through heap arrays. */
final class Rows {

    private Rows() {}

    /** left ∘= right. */
    static void multiply(DoubleMatrix left, DoubleMatrix right) {
        double[] a = new double[left.columns()];
        double[] b = new double[left.columns()];
        for (int i = 0; i < left.rows(); i++) {
            left.readRow(i, a, a.length);
            right.readRow(i, b, b.length);
            for (int j = 0; j < a.length; j++) {
                a[j] *= b[j];
            }
            left.writeRow(i, a, a.length);
        }
    }

    /** Multiplies every row by factors, one for each column. */
    static void scaleColumns(DoubleMatrix matrix, double[] factors) {
        double[] row = new double[matrix.columns()];
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.readRow(i, row, row.length);
            for (int j = 0; j < row.length; j++) {
                row[j] *= factors[j];
            }
            matrix.writeRow(i, row, row.length);
        }
    }

    static double[] squaredColumnNorms(DoubleMatrix matrix) {
        double[] norms = new double[matrix.columns()];
        double[] row = new double[matrix.columns()];
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.readRow(i, row, row.length);
            for (int j = 0; j < row.length; j++) {
                norms[j] += row[j] * row[j];
            }
        }
        return norms;
    }

    static double sum(DoubleMatrix matrix) {
        double sum = 0;
        double[] row = new double[matrix.columns()];
        for (int i = 0; i < matrix.rows(); i++) {
            matrix.readRow(i, row, row.length);
            for (double number : row) {
                sum += number;
            }
        }
        return sum;
    }

    /** The sum of the products of all elements. */
    static double dot(DoubleMatrix left, DoubleMatrix right) {
        double sum = 0;
        double[] a = new double[left.columns()];
        double[] b = new double[left.columns()];
        for (int i = 0; i < left.rows(); i++) {
            left.readRow(i, a, a.length);
            right.readRow(i, b, b.length);
            for (int j = 0; j < a.length; j++) {
                sum += a[j] * b[j];
            }
        }
        return sum;
    }

    /** Σ v² ÷ (diagonal + penalty). */
    static double preconditionedSquare(DoubleMatrix vector, DoubleMatrix diagonal, double penalty) {
        double sum = 0;
        double[] v = new double[vector.columns()];
        double[] d = new double[vector.columns()];
        for (int i = 0; i < vector.rows(); i++) {
            vector.readRow(i, v, v.length);
            diagonal.readRow(i, d, d.length);
            for (int j = 0; j < v.length; j++) {
                sum += v[j] * v[j] / (d[j] + penalty);
            }
        }
        return sum;
    }

    /** direction = v ÷ (diagonal + penalty) + keep · direction. */
    static void precondition(
            DoubleMatrix vector, DoubleMatrix diagonal, double penalty, double keep, DoubleMatrix direction) {
        double[] v = new double[vector.columns()];
        double[] d = new double[vector.columns()];
        double[] p = new double[vector.columns()];
        for (int i = 0; i < vector.rows(); i++) {
            vector.readRow(i, v, v.length);
            diagonal.readRow(i, d, d.length);
            direction.readRow(i, p, p.length);
            for (int j = 0; j < v.length; j++) {
                p[j] = v[j] / (d[j] + penalty) + keep * p[j];
            }
            direction.writeRow(i, p, p.length);
        }
    }
}
