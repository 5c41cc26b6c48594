package io.fastforward.forward;

import io.fastforward.checkpoint.SpillFile;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.backend.HostMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory of the process up to some bytes, and of files beyond them. What is closed makes room for what comes after it. Safe for
 * many threads.
 */
final class SpillingMemory implements HostMemory {

    private final Path directory;
    private final long mostBytes;
    private final long leastSpilled;
    private final AtomicLong used = new AtomicLong();

    /**
     * Nothing is taken of it yet.
     *
     * @param directory where files go
     * @param mostBytes of memory of the process
     * @param leastSpilled fewer bytes at once stay in memory of the process, and do not count
     */
    SpillingMemory(Path directory, long mostBytes, long leastSpilled) {
        this.directory = directory;
        this.mostBytes = mostBytes;
        this.leastSpilled = leastSpilled;
    }

    /** @throws Failure of kind {@link FailureKind#STORAGE} if the disk has no room */
    @Override
    public MemorySegment allocate(long bytes, Arena owner) {
        if (bytes < leastSpilled) {
            return ANONYMOUS.allocate(bytes, owner);
        }
        if (!take(bytes)) {
            return SpillFile.map(directory, bytes, owner);
        }
        try {
            return ANONYMOUS.allocate(bytes, owner).reinterpret(owner, _ -> used.addAndGet(-bytes));
        } catch (Throwable e) {
            used.addAndGet(-bytes);
            throw e;
        }
    }

    private boolean take(long bytes) {
        if (used.addAndGet(bytes) <= mostBytes) {
            return true;
        }
        used.addAndGet(-bytes);
        return false;
    }
}
