package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.DeviceMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device matrix whose device is the host: off-heap memory of its own, rows without gaps, 64-byte aligned. */
final class HostMatrix implements DeviceMatrix {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    private final int rows;
    private final int columns;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;

    HostMatrix(int rows, int columns) {
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

    /** The memory, row by row. */
    MemorySegment data() {
        return data;
    }

    @Override
    public void close() {
        arena.close();
    }
}
