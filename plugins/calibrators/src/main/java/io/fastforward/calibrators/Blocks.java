package io.fastforward.calibrators;

import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Arithmetic on blocks of matrices, and rows of weights as heap arrays, copied in bulk. */
final class Blocks {

    /**
     * Rows of weights that are worked on together: enough for a matrix product to run at full speed, few enough that
     * scratch memory stays small against the Gram matrix of a large model.
     */
    static final int ROWS = 512;

    /** Rows that are transposed together: a few cache lines of doubles. */
    private static final int TILE = 32;

    private static final ValueLayout.OfFloat WEIGHT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    /** Copies consecutive rows of single-precision weights, as many as {@code target} has, in double precision. */
    static void widen(Matrix source, int firstRow, DoubleMatrix target) {
        float[] narrow = new float[source.columns()];
        double[] wide = new double[source.columns()];
        for (int i = 0; i < target.rows(); i++) {
            readRow(source, firstRow + i, narrow);
            for (int j = 0; j < narrow.length; j++) {
                wide[j] = narrow[j];
            }
            target.writeRow(i, wide, wide.length);
        }
    }

    /** The transposed of the leading columns of single-precision weights, in double precision: {@code columns × rows}. */
    static DoubleMatrix transposed(Matrix source, int columns, Arena arena) {
        DoubleMatrix transposed = DoubleMatrix.allocate(arena, columns, source.rows());
        for (int i = 0; i < source.rows(); i++) {
            for (int j = 0; j < columns; j++) {
                transposed.set(j, i, source.get(i, j));
            }
        }
        return transposed;
    }

    /** target = sourceᵀ, in tiles that stay in the cache. */
    static void transpose(DoubleMatrix source, DoubleMatrix target) {
        double[][] tile = new double[TILE][source.columns()];
        double[] column = new double[TILE];
        for (int first = 0; first < source.rows(); first += TILE) {
            int rows = Math.min(TILE, source.rows() - first);
            for (int i = 0; i < rows; i++) {
                source.readRow(first + i, tile[i], source.columns());
            }
            for (int j = 0; j < source.columns(); j++) {
                for (int i = 0; i < rows; i++) {
                    column[i] = tile[i][j];
                }
                MemorySegment.copy(
                        column,
                        0,
                        target.data(),
                        ValueLayout.JAVA_DOUBLE,
                        offset(target, j) + (long) first * Double.BYTES,
                        rows);
            }
        }
    }

    /** left −= right; the left may have more columns, which stay. */
    static void subtract(DoubleMatrix left, DoubleMatrix right) {
        add(left, right, -1);
    }

    /** left += right, likewise. */
    static void add(DoubleMatrix left, DoubleMatrix right) {
        add(left, right, 1);
    }

    /** left += factor · right, likewise. */
    static void add(DoubleMatrix left, DoubleMatrix right, double factor) {
        int columns = right.columns();
        double[] leftRow = new double[columns];
        double[] rightRow = new double[columns];
        for (int i = 0; i < right.rows(); i++) {
            left.readRow(i, leftRow, columns);
            right.readRow(i, rightRow, columns);
            for (int j = 0; j < columns; j++) {
                leftRow[j] += factor * rightRow[j];
            }
            left.writeRow(i, leftRow, columns);
        }
    }

    /** Copies a row of single-precision weights. */
    static void readRow(Matrix source, int row, float[] target) {
        MemorySegment.copy(source.data(), WEIGHT, offset(source, row), target, 0, source.columns());
    }

    /** Overwrites a row of single-precision weights. */
    static void writeRow(float[] source, Matrix target, int row) {
        MemorySegment.copy(source, 0, target.data(), WEIGHT, offset(target, row), target.columns());
    }

    private static long offset(Matrix matrix, int row) {
        return row * matrix.rowStride() * Float.BYTES;
    }

    private static long offset(DoubleMatrix matrix, int row) {
        return row * matrix.rowStride() * Double.BYTES;
    }
}
