package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;

/**
 * Memory that a file backs, so that the system may keep it on disk. The file loses its name as soon as it is opened (where the
 * system can do that), so that nothing is left of it however the process ends.
 */
public final class SpillFile {

    /** What is written at once. */
    private static final int PIECE = 8 << 20;

    private static final double GIB = 1 << 30;

    private SpillFile() {}

    /**
     * New memory of a file in a directory. All of its blocks are written before they are mapped: a disk without room is told of
     * here, and not by a signal wherever the memory is first used.
     *
     * @param bytes at least 1
     * @param owner unmaps it, which frees the file
     * @return zeros, at the beginning of a page
     * @throws Failure of kind {@link FailureKind#STORAGE} if there is no room or it cannot be written
     */
    public static MemorySegment map(Path directory, long bytes, Arena owner) {
        try (FileChannel channel = FileChannel.open(
                AtomicFile.temporaryName(directory.resolve("memory")),
                StandardOpenOption.CREATE_NEW,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE)) {
            fill(channel, bytes);
            return channel.map(MapMode.READ_WRITE, 0, bytes, owner);
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    String.format(
                            Locale.ROOT,
                            "cannot keep %.1f GiB of hidden states or sums on disk in '%s': %s; make room there, choose another %s,"
                                    + " or raise %s",
                            bytes / GIB,
                            directory,
                            Reason.of(e),
                            Setting.RUN_DIRECTORY,
                            Setting.MEMORY),
                    e);
        }
    }

    private static void fill(FileChannel channel, long bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect((int) Math.min(PIECE, bytes));
        for (long left = bytes; left > 0; ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), left));
            left -= channel.write(zeros);
        }
    }
}
