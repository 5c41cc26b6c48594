package io.fastforward.spi.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Objects;

/**
 * A view of a row-major double-precision matrix in host memory, {@code rows × columns}, in native byte order: Gram
 * matrices, factors and solutions. The view owns nothing; the arena of {@code data} does.
 *
 * @param data the memory, starting at element (0, 0), 8-byte aligned
 * @param rows number of rows, at least 0
 * @param columns number of columns, at least 0
 * @param rowStride elements from one row to the next, at least {@code columns}
 */
public record DoubleMatrix(MemorySegment data, int rows, int columns, long rowStride) {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    public DoubleMatrix {
        Matrix.requireHolds(data, Double.BYTES, rows, columns, rowStride);
    }

    /** A new zeroed matrix whose rows follow each other without gaps. */
    public static DoubleMatrix allocate(Arena arena, int rows, int columns) {
        long bytes = Math.multiplyExact(Math.multiplyExact((long) rows, columns), (long) Double.BYTES);
        return new DoubleMatrix(arena.allocate(bytes, ALIGNMENT), rows, columns, columns);
    }

    /** The element in a row and column. */
    public double get(int row, int column) {
        return data.getAtIndex(ValueLayout.JAVA_DOUBLE, index(row, column));
    }

    /** Stores an element. */
    public void set(int row, int column, double value) {
        data.setAtIndex(ValueLayout.JAVA_DOUBLE, index(row, column), value);
    }

    /** Copies the leading elements of a row, in bulk. */
    public void readRow(int row, double[] target, int count) {
        MemorySegment.copy(data, ValueLayout.JAVA_DOUBLE, leading(row, count), target, 0, count);
    }

    /** Overwrites the leading elements of a row, in bulk. */
    public void writeRow(int row, double[] source, int count) {
        MemorySegment.copy(source, 0, data, ValueLayout.JAVA_DOUBLE, leading(row, count), count);
    }

    /** Consecutive rows and columns, in the same memory. */
    public DoubleMatrix block(int firstRow, int blockRows, int firstColumn, int blockColumns) {
        Objects.checkFromIndexSize(firstRow, blockRows, rows);
        Objects.checkFromIndexSize(firstColumn, blockColumns, columns);
        if (blockRows == 0 || blockColumns == 0) {
            return leadingBlock(blockRows, blockColumns);
        }
        long offset = (firstRow * rowStride + firstColumn) * Double.BYTES;
        return new DoubleMatrix(data.asSlice(offset), blockRows, blockColumns, rowStride);
    }

    /** The upper left block, in the same memory. */
    public DoubleMatrix leadingBlock(int blockRows, int blockColumns) {
        if (blockRows < 0 || blockRows > rows || blockColumns < 0 || blockColumns > columns) {
            throw new IndexOutOfBoundsException(blockRows + " × " + blockColumns + " of " + rows + " × " + columns);
        }
        return new DoubleMatrix(data, blockRows, blockColumns, rowStride);
    }

    /** The same matrix in the same memory, but nothing can be stored in it. */
    public DoubleMatrix readOnly() {
        return new DoubleMatrix(data.asReadOnly(), rows, columns, rowStride);
    }

    /** Where the leading elements of a row begin, in bytes. */
    private long leading(int row, int count) {
        Objects.checkIndex(row, rows);
        Objects.checkFromIndexSize(0, count, columns);
        return row * rowStride * Double.BYTES;
    }

    private long index(int row, int column) {
        if (row < 0 || row >= rows || column < 0 || column >= columns) {
            throw new IndexOutOfBoundsException("(" + row + ", " + column + ") of " + rows + " × " + columns);
        }
        return row * rowStride + column;
    }
}
