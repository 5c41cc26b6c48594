package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.DeviceMatrix;
import java.lang.foreign.MemorySegment;

/**
 * A place in a row-major single-precision matrix off the heap: where a BLAS routine or a kernel starts.
 *
 * @param data the memory
 * @param first index of the first element
 * @param stride elements from one row to the next
 */
record FloatView(MemorySegment data, long first, int stride) {

    /** A matrix of a {@link HostBackend}. */
    static FloatView of(DeviceMatrix matrix) {
        return new FloatView(((HostMatrix) matrix).data(), 0, matrix.columns());
    }

    /** The view that starts at a later row and column. */
    FloatView at(int row, int column) {
        return new FloatView(data, index(row) + column, stride);
    }

    /** Index of the first element of a row. */
    long index(int row) {
        return first + (long) row * stride;
    }

    /** The memory from the first element on. */
    MemorySegment segment() {
        return data.asSlice(first * Float.BYTES);
    }
}
