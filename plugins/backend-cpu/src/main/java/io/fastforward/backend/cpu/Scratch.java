package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Memory that is used again from call to call and grows to the largest need. Its contents never survive a call. */
final class Scratch implements AutoCloseable {

    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;

    /** A matrix without gaps between its rows and with undefined contents; the one handed out before is gone. */
    FloatView matrix(int rows, int columns) {
        if (Math.multiplyExact((long) rows * columns, (long) Float.BYTES) > memory.byteSize()) {
            arena.close();
            arena = Arena.ofShared();
            memory = MemorySegment.NULL; // if there is no room for the next one
            memory = FloatView.allocate(arena, rows, columns).data();
        }
        return new FloatView(memory, 0, columns);
    }

    @Override
    public void close() {
        arena.close();
    }
}
