package io.fastforward.backend.cpu.algebra;

import java.lang.foreign.MemorySegment;

/**
 * A place in a row-major single-precision matrix off the heap: where a BLAS routine or a kernel starts.
 *
 * @param data the memory
 * @param first index of the first element
 * @param stride elements from one row to the next
 */
public record FloatView(MemorySegment data, long first, int stride) {

    /** The view that starts at a later row and column. */
    public FloatView at(int row, int column) {
        return new FloatView(data, index(row) + column, stride);
    }

    /** Index of the first element of a row. */
    public long index(int row) {
        return first + (long) row * stride;
    }

    /** The memory from the first element on. */
    public MemorySegment segment() {
        return data.asSlice(first * Float.BYTES);
    }
}
