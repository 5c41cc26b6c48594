package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.forward.PassMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What a stage needs of memory.
 *
 * @param fixedBytes what has to be in memory: layers, scratch memory, what is solved
 * @param besideBytes what stays in memory meanwhile for other stages
 * @param hiddenStateBytes the hidden states of its windows
 * @param chunkBytes of hidden states that are taken at once
 * @param sums bytes of each sum at the module that takes most, in the order in which they are taken
 * @param spills whether hidden states and sums may go to disk
 */
public record StageNeed(
        long fixedBytes, long besideBytes, long hiddenStateBytes, long chunkBytes, List<Long> sums, boolean spills) {

    /** Nothing. */
    public static final StageNeed NOTHING = new StageNeed(0, 0, 0, 0, List.of(), false);

    private static final double MIB = 1 << 20;
    private static final double GIB = 1 << 30;

    public StageNeed {
        sums = List.copyOf(sums);
    }

    /** The same with something that stays in memory for other stages. */
    public StageNeed beside(long bytes) {
        return new StageNeed(fixedBytes, bytes, hiddenStateBytes, chunkBytes, sums, spills);
    }

    /** With everything in memory. */
    public long bytes() {
        return fixedBytes + hiddenStateBytes + sumBytes();
    }

    /** With everything on disk that may go there. */
    public long leastBytes() {
        long small = sums.stream()
                .filter(bytes -> !PassMemory.spills(bytes))
                .mapToLong(Long::longValue)
                .sum();
        return spills ? fixedBytes + small + (PassMemory.spills(chunkBytes) ? 0 : hiddenStateBytes) : bytes();
    }

    /** What goes to disk if so many bytes may be used. */
    public long spilledBytes(long limitBytes) {
        if (!spills) {
            return 0;
        }
        long hidden = Math.max(0, hiddenStateBytes - stayingHiddenStateBytes(limitBytes));
        return sumBytes()
                - stayingSumBytes(limitBytes)
                + (PassMemory.spills(chunkBytes) ? Math.ceilDiv(hidden, chunkBytes) * chunkBytes : 0);
    }

    /**
     * Checks that memory suffices for what cannot go to disk, if anything can: fewer windows would not help then.
     *
     * @param stage whose need it is
     * @param advice what takes less
     * @throws Failure if not
     */
    public void requireWithinLimit(String stage, long limitBytes, String advice) {
        if (spills && leastBytes() > limitBytes) {
            throw FailureKind.DEVICE.failure("with all hidden states and sums on disk, " + stage + " still needs "
                    + size(leastBytes()) + " of memory for layers and what is solved, but may use "
                    + size(limitBytes) + "; raise " + Setting.MEMORY + ", or give the process more; " + advice);
        }
    }

    /** One line for the user, if a run has this stage alone. */
    public String describe(String stage, long limitBytes) {
        return "Memory: " + size(bytes() + besideBytes) + " for " + stage + "; " + size(limitBytes) + " may be used"
                + onDisk(spilledBytes(limitBytes));
    }

    /** What a line about memory ends with. */
    static String onDisk(long spilledBytes) {
        return spilledBytes == 0
                ? ""
                : "; " + size(spilledBytes) + " of hidden states and sums go to disk, to files in the run directory";
    }

    /** For people. */
    static String size(long bytes) {
        return bytes < GIB
                ? String.format(Locale.ROOT, "%.0f MiB", Math.ceil(bytes / MIB))
                : String.format(Locale.ROOT, "%.1f GiB", bytes / GIB);
    }

    /** Where it keeps what may go to disk. */
    public PassMemory memory(long limitBytes, Path directory) {
        return PassMemory.spilling(directory, stayingHiddenStateBytes(limitBytes), stayingSumBytes(limitBytes));
    }

    /** Sums stay first. */
    private long stayingSumBytes(long limitBytes) {
        return PassMemory.staying(sums, Math.max(0, limitBytes - fixedBytes - besideBytes));
    }

    private long stayingHiddenStateBytes(long limitBytes) {
        return Math.max(0, limitBytes - fixedBytes - besideBytes - stayingSumBytes(limitBytes));
    }

    private long sumBytes() {
        return sums.stream().mapToLong(Long::longValue).sum();
    }
}
