package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.IntStream;

/** Memory that is used again from call to call and grows to the largest need. Its contents never survive a call. */
final class Scratch implements AutoCloseable {

    private Arena arena = Arena.ofShared();
    private MemorySegment memory = MemorySegment.NULL;

    /** As many as there are threads that each need one. */
    static List<Scratch> several(int count) {
        return IntStream.range(0, count).mapToObj(number -> new Scratch()).toList();
    }

    /** A matrix without gaps between its rows and with undefined contents; the one handed out before is gone. */
    FloatView matrix(int rows, int columns) {
        return new FloatView(bytes(Math.multiplyExact((long) rows * columns, (long) Float.BYTES)), 0, columns);
    }

    /** At least so many bytes, of undefined contents; what was handed out before is gone. */
    MemorySegment bytes(long count) {
        if (count > memory.byteSize()) {
            arena.close();
            arena = Arena.ofShared();
            memory = MemorySegment.NULL; // if there is no room for the next one
            memory = arena.allocate(count, FloatView.ALIGNMENT);
        }
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }
}
