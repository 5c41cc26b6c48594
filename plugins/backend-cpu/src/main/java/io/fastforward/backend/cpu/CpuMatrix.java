package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.DeviceMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A device matrix whose device is the host: off-heap memory of its own, rows without gaps, 64-byte aligned.
 *
 * @param rows number of rows
 * @param columns number of columns
 * @param arena owns the memory
 * @param data the memory
 */
record CpuMatrix(int rows, int columns, Arena arena, MemorySegment data) implements DeviceMatrix {

    static CpuMatrix allocate(int rows, int columns) {
        Arena arena = Arena.ofShared();
        return new CpuMatrix(
                rows, columns, arena, FloatView.allocate(arena, rows, columns).data());
    }

    /** The whole of a matrix of this backend's. */
    static FloatView view(DeviceMatrix matrix) {
        return new FloatView(((CpuMatrix) matrix).data, 0, matrix.columns());
    }

    @Override
    public void close() {
        arena.close();
    }
}
