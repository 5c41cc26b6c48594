package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;

/**
 * Files that are there as a whole or not at all, even if the process or the machine dies while they are
 * written.
 */
public final class AtomicFile {

    private static final String TEMPORARY = ".partial-";

    /** EINVAL, ENOTSUP, ENOSYS, and EBADF of directories that are open for reading alone. */
    private static final List<String> UNSUPPORTED =
            List.of("Invalid argument", "Operation not supported", "Function not implemented", "Bad file descriptor");

    /** Most bytes of a buffer that is written at once. */
    private static final long PIECE = 1 << 30;

    private AtomicFile() {}

    /**
     * Writes a file under a temporary name, forces it to disk and gives it its name; replaces a file of that name.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if that fails; then there is
     *     the old file as it was, or, if only the name could not be forced to disk, the new one
     */
    public static void write(Path target, byte[] contents) {
        write(target, MemorySegment.ofArray(contents));
    }

    /** Likewise, of any size. */
    public static void write(Path target, MemorySegment contents) {
        write(target, contents.byteSize(), List.of(contents), piece -> {});
    }

    /**
     * Likewise, piece by piece, each of which is valid until the next one is asked for.
     *
     * @param bytes of all pieces together, for the message if there is no room
     * @return what was written
     */
    public static FileHash write(Path target, long bytes, Iterable<MemorySegment> pieces) {
        FileHash.Sum sum = new FileHash.Sum();
        write(target, bytes, pieces, sum::add);
        return sum.of(target);
    }

    private static void write(Path target, long bytes, Iterable<MemorySegment> pieces, Consumer<ByteBuffer> passing) {
        Path temporary = temporaryName(target);
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                for (MemorySegment piece : pieces) {
                    for (long done = 0; done < piece.byteSize(); done += PIECE) {
                        ByteBuffer rest = piece.asSlice(done, Math.min(PIECE, piece.byteSize() - done))
                                .asByteBuffer();
                        passing.accept(rest.duplicate());
                        while (rest.hasRemaining()) {
                            channel.write(rest);
                        }
                    }
                }
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceDirectory(target.toAbsolutePath().resolveSibling(""));
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw StorageFailure.of(target, bytes, e);
        } catch (RuntimeException e) { // of whoever makes the pieces
            deleteQuietly(temporary, e);
            throw e;
        }
    }

    /** A name beside a file or directory that nobody else uses, and that tells whose half-written copy it is. */
    static Path temporaryName(Path target) {
        String random = HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextInt());
        return target.resolveSibling(target.getFileName() + TEMPORARY + random);
    }

    /** Whether a path could be a temporary name of a file or directory. */
    static boolean isTemporaryNameOf(Path target, Path path) {
        String prefix = target.getFileName() + TEMPORARY;
        String name = String.valueOf(path.getFileName());
        return name.startsWith(prefix) && name.substring(prefix.length()).matches("[0-9a-f]{8}");
    }

    /**
     * Deletes what processes that were killed left of a file, in a directory that is ours and in which no other process
     * works.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be deleted
     */
    public static void deleteAbandoned(Path target) {
        try {
            for (Path sibling : AtomicDirectory.children(target.toAbsolutePath().resolveSibling(""))) {
                if (isTemporaryNameOf(target, sibling) && Files.isRegularFile(sibling, LinkOption.NOFOLLOW_LINKS)) {
                    Files.deleteIfExists(sibling);
                }
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot delete what an interrupted run left beside '" + target + "': " + Reason.of(e)
                            + "; delete it by hand",
                    e);
        }
    }

    /**
     * Makes new names in a directory survive a crash of the machine, where the platform can do that.
     *
     * @throws IOException if the disk fails
     */
    static void forceDirectory(Path directory) throws IOException {
        FileChannel opened;
        try {
            opened = FileChannel.open(directory, StandardOpenOption.READ);
        } catch (AccessDeniedException _) {
            return; // Windows opens no directories, and others none that may not be read; the files are on disk by now
        }
        try (FileChannel channel = opened) {
            channel.force(true);
        } catch (IOException e) {
            if (!isUnsupported(e)) {
                throw e;
            }
        }
    }

    /** Whether a file system says that it cannot force directories to disk, rather than that it failed to. */
    static boolean isUnsupported(IOException failure) {
        String message = String.valueOf(failure.getMessage());
        return UNSUPPORTED.stream().anyMatch(message::contains);
    }

    private static void deleteQuietly(Path path, Exception reason) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
