package io.fastforward.backend.cpu;

import io.fastforward.spi.tensor.DoubleMatrix;

/** The shapes that linear algebra accepts. */
final class LinearAlgebraShapes {

    private LinearAlgebraShapes() {}

    static void requireSquare(DoubleMatrix matrix) {
        if (matrix.rows() != matrix.columns()) {
            throw new IllegalArgumentException("the matrix must be square, but is " + shape(matrix));
        }
    }

    static void requireSolvable(DoubleMatrix factor, DoubleMatrix rows) {
        requireSquare(factor);
        if (rows.columns() != factor.rows()) {
            throw new IllegalArgumentException("rows of " + shape(rows) + " do not fit a factor of " + shape(factor));
        }
    }

    static void requireProduct(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        if (left.columns() != right.rows() || result.rows() != left.rows() || result.columns() != right.columns()) {
            throw new IllegalArgumentException(
                    "the product of " + shape(left) + " and " + shape(right) + " is not " + shape(result));
        }
    }

    private static String shape(DoubleMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
