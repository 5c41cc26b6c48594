package io.fastforward.backend.cpu.algebra;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A place in a row-major single-precision matrix off the heap: where a BLAS routine or a kernel starts.
 *
 * @param data the memory
 * @param first index of the first element
 * @param stride elements from one row to the next
 */
public record FloatView(MemorySegment data, long first, int stride) {

    /** Bytes at whose multiples memory begins: one cache line, and the widest vector register. */
    public static final int ALIGNMENT = 64;

    /** A new zeroed matrix without gaps between the rows. */
    public static FloatView allocate(Arena arena, int rows, int columns) {
        long bytes = Math.multiplyExact((long) rows * columns, (long) Float.BYTES);
        return new FloatView(arena.allocate(bytes, ALIGNMENT), 0, columns);
    }

    /** The view that starts at a later row and column. */
    public FloatView at(int row, int column) {
        return new FloatView(data, index(row) + column, stride);
    }

    /** Index of the first element of a row. */
    public long index(int row) {
        return first + (long) row * stride;
    }

    /** Copies leading elements of the first row to other memory, from an element on. */
    public void copyTo(MemorySegment target, long targetFirst, int count) {
        long bytes = (long) count * Float.BYTES;
        MemorySegment.copy(data, first * Float.BYTES, target, targetFirst * Float.BYTES, bytes);
    }

    /** The memory from the first element on. */
    public MemorySegment segment() {
        return data.asSlice(first * Float.BYTES);
    }
}
