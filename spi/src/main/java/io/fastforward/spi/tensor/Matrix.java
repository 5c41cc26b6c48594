package io.fastforward.spi.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A view of a row-major matrix in host memory, {@code rows × columns}, in the data type in which it is stored: a
 * mapped checkpoint tensor, a buffer, or a leading slice of either. The view owns nothing; the arena of
 * {@code data} does. Views may be read by many threads; writing is up to the owner.
 *
 * @param data the memory, starting at element (0, 0); need not be aligned
 * @param type the stored data type
 * @param rows number of rows, at least 0
 * @param columns number of columns, at least 0
 * @param rowStride elements from one row to the next, at least {@code columns}
 */
public record Matrix(MemorySegment data, DataType type, int rows, int columns, long rowStride) {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    public Matrix {
        requireHolds(data, type.bytes(), rows, columns, rowStride);
    }

    /** Checks that there can be such a matrix, and that its memory is as large. */
    static void requireHolds(MemorySegment data, int elementBytes, int rows, int columns, long rowStride) {
        if (rows < 0 || columns < 0 || rowStride < columns) {
            throw new IllegalArgumentException(
                    "bad matrix shape " + rows + " × " + columns + " with row stride " + rowStride);
        }
        long elements = rows == 0 ? 0 : Math.addExact(Math.multiplyExact(rows - 1L, rowStride), columns);
        if (Math.multiplyExact(elements, elementBytes) > data.byteSize()) {
            throw new IllegalArgumentException(rows + " × " + columns + " with row stride " + rowStride + " needs "
                    + elements * elementBytes + " bytes, but the memory has " + data.byteSize());
        }
    }

    /** A new zeroed matrix whose rows follow each other without gaps. */
    public static Matrix allocate(Arena arena, DataType type, int rows, int columns) {
        long bytes = Math.multiplyExact(Math.multiplyExact((long) rows, columns), type.bytes());
        return new Matrix(arena.allocate(bytes, ALIGNMENT), type, rows, columns, columns);
    }

    /** The element in a row and column, widened to single precision. */
    public float get(int row, int column) {
        return type.get(data, byteOffset(row, column));
    }

    /** Stores an element, rounded to the stored data type. */
    public void set(int row, int column, float value) {
        type.set(data, byteOffset(row, column), value);
    }

    /** The first rows. */
    public Matrix leadingRows(int count) {
        return rowRange(0, count);
    }

    /** Consecutive rows. */
    public Matrix rowRange(int first, int count) {
        if (first < 0 || count < 0 || first > rows - count) {
            throw new IndexOutOfBoundsException("rows " + first + " to " + (first + count) + " of " + rows);
        }
        return new Matrix(
                data.asSlice(first == rows ? 0 : first * rowStride * type.bytes()), type, count, columns, rowStride);
    }

    /** The first columns, in the same memory. */
    public Matrix leadingColumns(int count) {
        if (count < 0 || count > columns) {
            throw new IndexOutOfBoundsException(count + " columns of " + columns);
        }
        return new Matrix(data, type, rows, count, rowStride);
    }

    /** Consecutive columns, in the same memory. */
    public Matrix columnRange(int first, int count) {
        if (first < 0 || count < 0 || first > columns - count) {
            throw new IndexOutOfBoundsException("columns " + first + " to " + (first + count) + " of " + columns);
        }
        return new Matrix(
                data.asSlice(rows == 0 || count == 0 ? 0 : (long) first * type.bytes()), type, rows, count, rowStride);
    }

    /** A copy of its own memory, rounded to a data type. */
    public Matrix copy(DataType copied, Arena arena) {
        Matrix copy = allocate(arena, copied, rows, columns);
        copyTo(copy);
        return copy;
    }

    /**
     * Copies all elements to a matrix of the same shape, rounded to its data type.
     *
     * @throws IllegalArgumentException if the shapes differ
     */
    public void copyTo(Matrix target) {
        if (target.rows != rows || target.columns != columns) {
            throw new IllegalArgumentException(
                    rows + " × " + columns + " does not fit " + target.rows + " × " + target.columns);
        }
        for (int row = 0; row < rows; row++) {
            long from = row * rowStride * type.bytes();
            long to = row * target.rowStride * target.type.bytes();
            if (type == target.type) {
                MemorySegment.copy(data, from, target.data, to, (long) columns * type.bytes());
            } else {
                for (int column = 0; column < columns; column++) {
                    float value = type.get(data, from + (long) column * type.bytes());
                    target.type.set(target.data, to + (long) column * target.type.bytes(), value);
                }
            }
        }
    }

    private long byteOffset(int row, int column) {
        if (row < 0 || row >= rows || column < 0 || column >= columns) {
            throw new IndexOutOfBoundsException("(" + row + ", " + column + ") of " + rows + " × " + columns);
        }
        return (row * rowStride + column) * type.bytes();
    }
}
