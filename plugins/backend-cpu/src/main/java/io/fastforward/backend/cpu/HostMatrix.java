package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.DeviceMatrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A device matrix whose device is the host: off-heap memory of its own, rows without gaps, 64-byte aligned. */
final class HostMatrix implements HostObject, DeviceMatrix {

    private static final int ALIGNMENT = 64; // one cache line, and the widest vector register

    private final HostBackend owner;
    private final int rows;
    private final int columns;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment data;

    HostMatrix(HostBackend owner, int rows, int columns) {
        if (rows < 1 || columns < 1) {
            throw new IllegalArgumentException(
                    "a matrix has at least one row and one column, but " + rows + " × " + columns + " was asked for");
        }
        this.owner = owner;
        this.rows = rows;
        this.columns = columns;
        this.data = arena.allocate(Math.multiplyExact((long) rows * columns, (long) Float.BYTES), ALIGNMENT);
    }

    @Override
    public HostBackend owner() {
        return owner;
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
    public boolean isOpen() {
        return arena.scope().isAlive();
    }

    @Override
    public void close() {
        if (isOpen()) {
            arena.close();
        }
    }
}
