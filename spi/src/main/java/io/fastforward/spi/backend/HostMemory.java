package io.fastforward.spi.backend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Where a backend that computes in host memory takes what lives as long as a whole pass: hidden states and sums of moments.
 * The engine decides what is behind it, memory of the process or of a file; what is computed in it is the same.
 */
@FunctionalInterface
public interface HostMemory {

    /** Bytes at whose multiples memory begins: one cache line, and the widest vector register. */
    int ALIGNMENT = 64;

    /** Memory of the process. */
    HostMemory ANONYMOUS = (bytes, owner) -> owner.allocate(bytes, ALIGNMENT);

    /**
     * New memory, zeroed, that begins at a multiple of {@link #ALIGNMENT}. May be called from any thread.
     *
     * @param bytes at least 1
     * @param owner a shared arena, with which the memory is given back
     * @return exactly so many bytes
     * @throws OutOfMemoryError if there is no room
     */
    MemorySegment allocate(long bytes, Arena owner);
}
