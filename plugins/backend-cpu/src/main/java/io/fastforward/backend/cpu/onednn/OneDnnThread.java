package io.fastforward.backend.cpu.onednn;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a thread needs for itself to execute products: used by one at a time, not always the same. */
public final class OneDnnThread implements AutoCloseable {

    private static final int SCRATCHPAD = 80;
    private static final int MOST_OPERANDS = 4;
    private static final long ARGUMENT_BYTES = 16;
    private static final int ALIGNMENT = 64;

    private final OneDnnLibrary library;
    private final MemorySegment engine;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment stream;
    private final MemorySegment arguments;
    private final MemorySegment pointer;
    private Arena scratchpadArena = Arena.ofShared();
    private MemorySegment scratchpad = MemorySegment.NULL;

    OneDnnThread(OneDnnLibrary library, MemorySegment engine) {
        this.library = library;
        this.engine = engine;
        try {
            stream = library.stream(arena, engine);
        } catch (Throwable e) {
            close();
            throw e;
        }
        arguments = arena.allocate(MOST_OPERANDS * ARGUMENT_BYTES, ALIGNMENT);
        pointer = arena.allocate(ADDRESS);
    }

    /** Executes something, in the calling thread alone. */
    void execute(Execution execution, MemorySegment... data) {
        library.computeAlone();
        int count = 0;
        try {
            for (; count < data.length; count++) {
                put(count, execution.numbers().get(count), execution.operands().get(count), data[count]);
            }
            put(count, SCRATCHPAD, execution.scratchpad(), scratchpad(execution.scratchpadBytes()));
            count++;
            library.execute(execution.primitive(), stream, count, arguments);
        } finally {
            for (int i = 0; i < count; i++) {
                library.destroyMemory(arguments.get(ADDRESS, i * ARGUMENT_BYTES + ADDRESS.byteSize()));
            }
        }
    }

    private void put(int index, int number, MemorySegment description, MemorySegment data) {
        MemorySegment memory = library.createMemory(engine, description, data, pointer);
        arguments.set(JAVA_INT, index * ARGUMENT_BYTES, number);
        arguments.set(ADDRESS, index * ARGUMENT_BYTES + ADDRESS.byteSize(), memory);
    }

    private MemorySegment scratchpad(long bytes) {
        if (bytes > scratchpad.byteSize()) {
            scratchpadArena.close();
            scratchpadArena = Arena.ofShared();
            scratchpad = MemorySegment.NULL; // if there is no room for the next one
            scratchpad = scratchpadArena.allocate(bytes, ALIGNMENT);
        }
        return scratchpad;
    }

    @Override
    public void close() {
        arena.close();
        scratchpadArena.close();
    }
}
