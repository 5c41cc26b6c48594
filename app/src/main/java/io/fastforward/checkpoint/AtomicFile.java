package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Small files that are there as a whole or not at all, even if the process or the machine dies while they are
 * written.
 */
public final class AtomicFile {

    private static final String TEMPORARY = ".partial-";

    private AtomicFile() {}

    /**
     * Writes a file under a temporary name, forces it to disk and gives it its name; replaces a file of that name.
     *
     * @throws Failure of kind {@link io.fastforward.failure.FailureKind#STORAGE} if that fails; the old file then
     *     stays as it was
     */
    public static void write(Path target, byte[] contents) {
        Path temporary = temporaryName(target);
        try {
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
                for (ByteBuffer rest = ByteBuffer.wrap(contents); rest.hasRemaining(); ) {
                    channel.write(rest);
                }
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceDirectory(target.toAbsolutePath().resolveSibling(""));
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw StorageFailure.of(target, contents.length, e);
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

    /** Makes new names in a directory survive a crash of the machine, where the platform can do that. */
    static void forceDirectory(Path directory) {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException _) {
            // Windows cannot open directories; the files themselves are on disk by now.
        }
    }

    private static void deleteQuietly(Path path, IOException reason) {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}
