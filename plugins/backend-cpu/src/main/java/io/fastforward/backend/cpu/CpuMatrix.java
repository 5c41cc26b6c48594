package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.spi.backend.DeviceMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device matrix whose device is the host: off-heap memory of its own, rows without gaps, 64-byte aligned. */
final class CpuMatrix implements DeviceMatrix {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    private final int rows;
    private final int columns;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;

    CpuMatrix(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
        this.data = arena.allocate(Math.multiplyExact((long) rows * columns, (long) Float.BYTES), ALIGNMENT);
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
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
