package io.fastforward.forward;

import io.fastforward.spi.backend.HostMemory;
import java.nio.file.Path;
import java.util.List;

/**
 * Where a backend that computes in host memory keeps what lives as long as a pass or a module. Of both, hidden states suffer less
 * from being on disk: they are read and written in order once or twice a module, sums once a chunk.
 *
 * @param hiddenStates of all windows
 * @param moments sums at one module
 */
public record PassMemory(HostMemory hiddenStates, HostMemory moments) {

    /** All of it in memory of the process. */
    public static final PassMemory ANONYMOUS = new PassMemory(HostMemory.ANONYMOUS, HostMemory.ANONYMOUS);

    /** Less than this at once stays in memory of the process. */
    private static final long LEAST_SPILLED = 16L << 20;

    /**
     * As much in memory of the process as is allowed, and the rest in files in a directory.
     *
     * @param hiddenStateBytes most bytes of hidden states that stay in memory
     * @param momentBytes the same for sums
     */
    public static PassMemory spilling(Path directory, long hiddenStateBytes, long momentBytes) {
        return spilling(directory, hiddenStateBytes, momentBytes, LEAST_SPILLED);
    }

    /** @param leastSpilled fewer bytes at once stay in memory of the process */
    static PassMemory spilling(Path directory, long hiddenStateBytes, long momentBytes, long leastSpilled) {
        return new PassMemory(
                new SpillingMemory(directory, hiddenStateBytes, leastSpilled),
                new SpillingMemory(directory, momentBytes, leastSpilled));
    }

    /** Whether so many bytes at once may go to disk. */
    public static boolean spills(long bytes) {
        return bytes >= LEAST_SPILLED;
    }

    /**
     * How much stays in memory of several pieces that are taken one after the other.
     *
     * @param pieces bytes of each
     * @param mostBytes that may
     */
    public static long staying(List<Long> pieces, long mostBytes) {
        long staying = 0;
        for (long bytes : pieces) {
            if (!spills(bytes) || staying + bytes <= mostBytes) {
                staying += bytes;
            }
        }
        return staying;
    }
}
