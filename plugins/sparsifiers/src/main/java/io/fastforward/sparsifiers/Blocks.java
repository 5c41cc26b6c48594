package io.fastforward.sparsifiers;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.BiConsumer;

/** Blocks of matrices as views, and rows as heap arrays, copied in bulk. */
final class Blocks {

    /**
     * Rows of weights that are worked on together: enough for a matrix product to run at full speed, few enough that
     * scratch memory stays small against the Gram matrix of a large model.
     */
    static final int ROWS = 512;

    private Blocks() {}

    /** Does something with all rows of a matrix, some at a time: the first one's number, and how many. */
    static void forRows(int rows, BiConsumer<Integer, Integer> block) {
        for (int first = 0; first < rows; first += ROWS) {
            block.accept(first, Math.min(ROWS, rows - first));
        }
    }

    /** Consecutive rows, in the same memory. */
    static DoubleMatrix rows(DoubleMatrix matrix, int first, int count) {
        return of(matrix, first, count, 0, matrix.columns());
    }

    /** Consecutive rows and columns, in the same memory. */
    static DoubleMatrix of(DoubleMatrix matrix, int firstRow, int rows, int firstColumn, int columns) {
        long offset = Math.multiplyExact(firstRow * matrix.rowStride() + firstColumn, (long) Double.BYTES);
        return new DoubleMatrix(matrix.data().asSlice(offset), rows, columns, matrix.rowStride());
    }

    /** Copies all elements to a matrix of the same shape. */
    static void copy(DoubleMatrix source, DoubleMatrix target) {
        for (int i = 0; i < source.rows(); i++) {
            MemorySegment.copy(
                    source.data(),
                    offset(source, i),
                    target.data(),
                    offset(target, i),
                    (long) source.columns() * Double.BYTES);
        }
    }

    /** Copies the leading elements of a row, as many as the target has. */
    static void read(DoubleMatrix source, int row, double[] target) {
        MemorySegment.copy(source.data(), ValueLayout.JAVA_DOUBLE, offset(source, row), target, 0, target.length);
    }

    /** Overwrites the leading elements of a row, as many as the source has. */
    static void write(double[] source, DoubleMatrix target, int row) {
        MemorySegment.copy(source, 0, target.data(), ValueLayout.JAVA_DOUBLE, offset(target, row), source.length);
    }

    private static long offset(DoubleMatrix matrix, int row) {
        return row * matrix.rowStride() * Double.BYTES;
    }
}
