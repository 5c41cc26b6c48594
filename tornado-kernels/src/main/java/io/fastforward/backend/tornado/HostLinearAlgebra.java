package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;

/**
 * Linear algebra in double precision in host memory, on all cores, in plain Java: many GPUs have little double
 * precision or none. Rows are read side by side, in blocks, and every sum is made in one order, so that results do not
 * depend on the number of cores.
 */
final class HostLinearAlgebra implements LinearAlgebra {

    private static final int BLOCK = 64;

    @Override
    public boolean cholesky(DoubleMatrix symmetric) {
        int n = requireSquare(symmetric);
        for (int first = 0; first < n; first += BLOCK) {
            int end = Math.min(first + BLOCK, n);
            // The columns of all blocks before are done: take them off the rows of this block's columns, then factor.
            for (int i = first; i < end; i++) {
                for (int j = first; j <= i; j++) {
                    double value = symmetric.get(i, j) - dot(symmetric, i, symmetric, j, j);
                    if (i == j) {
                        if (!(value > 0) || !Double.isFinite(value)) {
                            return false;
                        }
                        symmetric.set(i, i, Math.sqrt(value));
                    } else {
                        symmetric.set(i, j, value / symmetric.get(j, j));
                    }
                }
            }
            int begin = first;
            IntStream.range(end, n).parallel().forEach(i -> {
                for (int j = begin; j < end; j++) {
                    double value = symmetric.get(i, j) - dot(symmetric, i, symmetric, j, j);
                    symmetric.set(i, j, value / symmetric.get(j, j));
                }
            });
        }
        return true;
    }

    @Override
    public void solve(DoubleMatrix factor, DoubleMatrix rows) {
        int n = requireSquare(factor);
        if (rows.columns() != n) {
            throw new IllegalArgumentException("rows of " + shape(rows) + " do not fit a factor of " + shape(factor));
        }
        IntStream.range(0, rows.rows()).parallel().forEach(row -> {
            for (int i = 0; i < n; i++) {
                double value = rows.get(row, i) - dot(factor, i, rows, row, i);
                rows.set(row, i, value / factor.get(i, i));
            }
            for (int i = n - 1; i >= 0; i--) {
                double x = rows.get(row, i) / factor.get(i, i);
                rows.set(row, i, x);
                subtract(factor, i, x, rows, row);
            }
        });
    }

    /** row −= x · the leading elements of a factor's row. */
    private static void subtract(DoubleMatrix factor, int i, double x, DoubleMatrix rows, int row) {
        MemorySegment l = factor.data();
        MemorySegment b = rows.data();
        long from = i * factor.rowStride();
        long to = row * rows.rowStride();
        for (int j = 0; j < i; j++) {
            b.setAtIndex(
                    ValueLayout.JAVA_DOUBLE,
                    to + j,
                    b.getAtIndex(ValueLayout.JAVA_DOUBLE, to + j)
                            - x * l.getAtIndex(ValueLayout.JAVA_DOUBLE, from + j));
        }
    }

    @Override
    public void multiply(DoubleMatrix left, DoubleMatrix right, DoubleMatrix result) {
        if (left.columns() != right.rows() || result.rows() != left.rows() || result.columns() != right.columns()) {
            throw new IllegalArgumentException(
                    "the product of " + shape(left) + " and " + shape(right) + " is not " + shape(result));
        }
        IntStream.range(0, left.rows()).parallel().forEach(i -> {
            double[] sums = new double[right.columns()];
            for (int k = 0; k < left.columns(); k++) {
                double factor = left.get(i, k);
                long from = k * right.rowStride();
                for (int j = 0; j < sums.length; j++) {
                    sums[j] += factor * right.data().getAtIndex(ValueLayout.JAVA_DOUBLE, from + j);
                }
            }
            for (int j = 0; j < sums.length; j++) {
                result.set(i, j, sums[j]);
            }
        });
    }

    /** The product of the leading elements of two rows, in four sums. */
    private static double dot(DoubleMatrix left, int leftRow, DoubleMatrix right, int rightRow, int count) {
        MemorySegment x = left.data();
        MemorySegment y = right.data();
        long i = leftRow * left.rowStride();
        long j = rightRow * right.rowStride();
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int k = 0;
        for (; k + 3 < count; k += 4) {
            s0 += at(x, i + k) * at(y, j + k);
            s1 += at(x, i + k + 1) * at(y, j + k + 1);
            s2 += at(x, i + k + 2) * at(y, j + k + 2);
            s3 += at(x, i + k + 3) * at(y, j + k + 3);
        }
        for (; k < count; k++) {
            s0 += at(x, i + k) * at(y, j + k);
        }
        return (s0 + s1) + (s2 + s3);
    }

    private static double at(MemorySegment segment, long index) {
        return segment.getAtIndex(ValueLayout.JAVA_DOUBLE, index);
    }

    private static int requireSquare(DoubleMatrix matrix) {
        if (matrix.rows() != matrix.columns()) {
            throw new IllegalArgumentException("the matrix must be square, but is " + shape(matrix));
        }
        return matrix.rows();
    }

    private static String shape(DoubleMatrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
