package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.HostMemory;
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

    static CpuMatrix allocate(int rows, int columns, HostMemory memory) {
        long bytes = Math.multiplyExact((long) rows * columns, (long) Float.BYTES);
        Arena arena = Arena.ofShared();
        try {
            return new CpuMatrix(rows, columns, arena, memory.allocate(bytes, arena));
        } catch (Throwable e) {
            arena.close();
            throw e;
        }
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
