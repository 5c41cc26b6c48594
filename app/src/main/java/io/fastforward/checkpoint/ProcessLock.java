package io.fastforward.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A file that one process at a time holds locked. The operating system lets go of it when the process ends, however it
 * ends, so a lock never has to be broken by hand.
 *
 * <p>The lock is one of {@code fcntl}. Where a file system does not know it (some network file systems, depending on
 * how they are mounted), the file is held without being locked: work goes on as if nobody else were there, and nothing
 * is taken for abandoned. Within a process, a file must not be locked twice.
 */
public final class ProcessLock implements AutoCloseable {

    /** The first words of every lock file of ours. */
    private static final String MARKER = "Locked while FastForward works here; process ";

    private final Path file;
    private final FileChannel channel;
    private final @Nullable FileLock lock;

    private ProcessLock(Path file, FileChannel channel, @Nullable FileLock lock) {
        this.file = file;
        this.channel = channel;
        this.lock = lock;
    }

    /**
     * Locks a file, which is made if it is not there; its directory exists. What is not {@linkplain #mayBe a lock} keeps
     * its contents.
     *
     * @return empty if another process holds it
     * @throws IOException if the file cannot be opened or written
     */
    public static Optional<ProcessLock> tryAcquire(Path file) throws IOException {
        boolean ours = !Files.exists(file, LinkOption.NOFOLLOW_LINKS) || mayBe(file);
        Optional<ProcessLock> acquired = tryLock(
                file,
                FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE, LinkOption.NOFOLLOW_LINKS));
        if (ours && acquired.isPresent()) {
            acquired.get().sign();
        }
        return acquired;
    }

    /**
     * Locks a file that may be left from another process.
     *
     * @return empty if that process still holds it
     * @throws IOException if the file is not there or cannot be opened
     */
    static Optional<ProcessLock> tryTakeOver(Path file) throws IOException {
        return tryLock(file, FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS));
    }

    private static Optional<ProcessLock> tryLock(Path file, FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock != null && !Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                throw new NoSuchFileException(file.toString()); // its last holder deleted it meanwhile
            }
            if (lock != null) {
                return Optional.of(new ProcessLock(file, channel, lock));
            }
        } catch (OverlappingFileLockException _) {
            // Held by this process.
        } catch (NoSuchFileException e) {
            channel.close();
            throw e;
        } catch (IOException _) {
            return Optional.of(new ProcessLock(file, channel, null)); // this file system has no locks
        }
        channel.close();
        return Optional.empty();
    }

    /** Whether a file is a lock of ours, held or not. */
    static boolean isSigned(Path file) {
        return start(file).filter(MARKER::equals).isPresent();
    }

    /** Whether a file is a lock of ours, or one whose process was killed before it had signed it. */
    public static boolean mayBe(Path file) {
        return start(file).filter(MARKER::startsWith).isPresent();
    }

    /** What a file begins with, no longer than the signature; empty if it cannot be read, which proves nothing. */
    private static Optional<String> start(Path file) {
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            return Optional.empty();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            ByteBuffer start = ByteBuffer.allocate(MARKER.length());
            while (start.hasRemaining() && channel.read(start) >= 0) {
                // until it is full or the file ends
            }
            return Optional.of(new String(start.array(), 0, start.position(), StandardCharsets.UTF_8));
        } catch (IOException _) {
            return Optional.empty();
        }
    }

    /** Whether the file is really locked, on a file system that can do that. */
    boolean isLocked() {
        return lock != null;
    }

    /** For people who wonder what the file is, and for {@link #isSigned}. */
    private void sign() throws IOException {
        try {
            ByteBuffer text =
                    ByteBuffer.wrap((MARKER + ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.UTF_8));
            channel.truncate(0);
            while (text.hasRemaining()) {
                channel.write(text);
            }
        } catch (IOException e) {
            close();
            throw e;
        }
    }

    /** Deletes the file, still holding it. */
    public void delete() throws IOException {
        Files.deleteIfExists(file);
    }

    /** Lets go of the file, which stays. */
    @Override
    public void close() throws IOException {
        channel.close(); // which releases the lock
    }
}
