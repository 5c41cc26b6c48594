package io.fastforward.backend.cpu.algebra;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE;

import io.fastforward.spi.tensor.DoubleMatrix;

/** Loops in plain Java over rows, which lie side by side in memory. */
final class PlainBlockKernels implements BlockKernels {

    @Override
    public void multiply(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c) {
        for (int i = 0; i < c.rows(); i++) {
            for (int j = 0; j < c.columns(); j++) {
                c.set(i, j, 0);
            }
            for (int k = 0; k < a.columns(); k++) {
                add(a.get(i, k), b, k, c, i, c.columns());
            }
        }
    }

    @Override
    public void subtractProductByTransposed(DoubleMatrix a, DoubleMatrix b, DoubleMatrix c) {
        for (int i = 0; i < c.rows(); i++) {
            for (int j = 0; j < c.columns(); j++) {
                c.set(i, j, c.get(i, j) - product(a, i, b, j, a.columns()));
            }
        }
    }

    @Override
    public void subtractSquareFromLower(DoubleMatrix a, DoubleMatrix c) {
        for (int i = 0; i < c.rows(); i++) {
            for (int j = 0; j <= i; j++) {
                c.set(i, j, c.get(i, j) - product(a, i, a, j, a.columns()));
            }
        }
    }

    @Override
    public void divideByTransposedLower(DoubleMatrix lower, DoubleMatrix b) {
        for (int row = 0; row < b.rows(); row++) {
            for (int i = 0; i < lower.rows(); i++) {
                b.set(row, i, (b.get(row, i) - product(lower, i, b, row, i)) / lower.get(i, i));
            }
        }
    }

    @Override
    public void divideByLower(DoubleMatrix lower, DoubleMatrix b) {
        for (int row = 0; row < b.rows(); row++) {
            for (int i = lower.rows() - 1; i >= 0; i--) {
                double x = b.get(row, i) / lower.get(i, i);
                b.set(row, i, x);
                add(-x, lower, i, b, row, i);
            }
        }
    }

    /** The product of the leading elements of two rows, in four sums that a processor can make at once. */
    private static double product(DoubleMatrix left, int leftRow, DoubleMatrix right, int rightRow, int count) {
        long i = leftRow * left.rowStride();
        long j = rightRow * right.rowStride();
        double s0 = 0;
        double s1 = 0;
        double s2 = 0;
        double s3 = 0;
        int k = 0;
        for (; k + 3 < count; k += 4) {
            s0 += at(left, i + k) * at(right, j + k);
            s1 += at(left, i + k + 1) * at(right, j + k + 1);
            s2 += at(left, i + k + 2) * at(right, j + k + 2);
            s3 += at(left, i + k + 3) * at(right, j + k + 3);
        }
        for (; k < count; k++) {
            s0 += at(left, i + k) * at(right, j + k);
        }
        return (s0 + s1) + (s2 + s3);
    }

    /** target += factor · source over the leading elements of two rows. */
    private static void add(
            double factor, DoubleMatrix source, int sourceRow, DoubleMatrix target, int row, int count) {
        long from = sourceRow * source.rowStride();
        long to = row * target.rowStride();
        for (int k = 0; k < count; k++) {
            target.data().setAtIndex(JAVA_DOUBLE, to + k, at(target, to + k) + factor * at(source, from + k));
        }
    }

    private static double at(DoubleMatrix matrix, long index) {
        return matrix.data().getAtIndex(JAVA_DOUBLE, index);
    }
}
