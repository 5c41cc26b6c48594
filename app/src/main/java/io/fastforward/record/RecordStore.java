package io.fastforward.record;

import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ProcessLock;
import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.checkpoint.StorageFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * A directory in which one process at a time keeps the files of a run. Every file is written whole or not at all, so
 * that whatever is there after a crash can be used.
 *
 * <p>{@code run.lock} is {@linkplain ProcessLock locked} while a process works on the run. It is the first file that is
 * made: a directory that holds it, but no other file of a run, is what is left of one that was killed as it began.
 *
 * <p>If the process is told to end (Ctrl-C), a shutdown hook waits for the write that has begun and lets no other
 * begin.
 */
final class RecordStore implements AutoCloseable {

    static final String LOCK = "run.lock";

    private final Path path;
    private final boolean made;
    private final ProcessLock lock;
    private final Thread hook = new ShutdownHook(this::endWriting, "finish-record");
    private boolean ended;

    private RecordStore(Path path, boolean made, ProcessLock lock) {
        this.path = path;
        this.made = made;
        this.lock = lock;
    }

    /**
     * Takes a directory, which is made if it is not there.
     *
     * @param setting by which a user chooses it
     * @throws Failure if another process works in it, or it cannot be made
     */
    static RecordStore take(Path path, Setting setting) {
        boolean made = !Files.exists(path, LinkOption.NOFOLLOW_LINKS);
        try {
            Files.createDirectories(path);
            ProcessLock lock = ProcessLock.tryAcquire(path.resolve(LOCK))
                    .orElseThrow(() -> FailureKind.OUTPUT_NOT_EMPTY.failure("another process works on the run in '"
                            + path + "'; wait until it has ended, or choose another directory with " + setting));
            RecordStore store = new RecordStore(path, made, lock);
            Runtime.getRuntime().addShutdownHook(store.hook);
            return store;
        } catch (IOException e) {
            throw StorageFailure.of(path.resolve(LOCK), e);
        }
    }

    /** Whether a directory holds what may be the lock of a run. */
    static boolean mayBeTaken(Path path) {
        return ProcessLock.mayBe(path.resolve(LOCK));
    }

    /**
     * Checks that a directory, if there is one, holds nothing but some files.
     *
     * @throws Failure if it does
     */
    static void requireNothingBut(Path path, Set<String> names) {
        if (!Files.exists(path)) {
            return;
        }
        try {
            if (AtomicDirectory.children(path).stream()
                    .map(child -> String.valueOf(child.getFileName()))
                    .anyMatch(name -> !names.contains(name))) {
                throw FailureKind.OUTPUT_NOT_EMPTY.failure("the run directory '" + path
                        + "' is not empty; choose another one with " + Setting.RUN_DIRECTORY);
            }
        } catch (IOException e) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "'" + path + "' is not a directory to keep the record of a run in; choose another one with "
                            + Setting.RUN_DIRECTORY,
                    e);
        }
    }

    Path path() {
        return path;
    }

    Path file(String name) {
        return path.resolve(name);
    }

    boolean holds(String name) {
        return Files.exists(file(name));
    }

    /** Whether nothing but the lock is there. */
    boolean isEmpty() {
        try {
            return AtomicDirectory.children(path).stream().allMatch(file(LOCK)::equals);
        } catch (IOException e) {
            throw StorageFailure.of(path, e);
        }
    }

    /** Deletes what an earlier process of this run left half-written, now that its lock is ours. */
    void deleteAbandoned(List<String> names) {
        names.forEach(name -> AtomicFile.deleteAbandoned(file(name)));
    }

    /** Writes a file whole. */
    void write(String name, byte[] contents) {
        write(name, MemorySegment.ofArray(contents));
    }

    /** Likewise, of any size. */
    synchronized void write(String name, MemorySegment contents) {
        checkNotEnded();
        AtomicFile.write(file(name), contents);
    }

    /**
     * Likewise, of pieces of which each is valid until the next one is asked for. If the process is told to end, no piece follows
     * the one that is being written, and the file does not get its name: it may take minutes.
     *
     * @param bytes of all pieces together
     * @return what was written
     */
    FileHash write(String name, long bytes, Iterable<MemorySegment> pieces) {
        return AtomicFile.write(
                file(name),
                bytes,
                () -> StreamSupport.stream(pieces.spliterator(), false)
                        .peek(piece -> requireNotEnded())
                        .iterator());
    }

    private synchronized void requireNotEnded() {
        checkNotEnded();
    }

    /** Makes a folder in the directory, if it is not there. */
    synchronized void makeFolder(String name) {
        checkNotEnded();
        Path folder = file(name);
        try {
            if (!Files.isDirectory(folder)) {
                Files.createDirectory(folder);
            }
        } catch (IOException e) {
            throw StorageFailure.of(folder, e);
        }
    }

    /** Appends to a file, of which a crash may leave a part. */
    synchronized void append(String name, byte[] contents) {
        checkNotEnded();
        try (FileChannel channel = FileChannel.open(
                file(name), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            for (ByteBuffer rest = ByteBuffer.wrap(contents); rest.hasRemaining(); ) {
                channel.write(rest);
            }
            channel.force(false);
        } catch (IOException e) {
            throw StorageFailure.of(file(name), contents.length, e);
        }
    }

    /** Lets go of the directory; what is in it stays. */
    @Override
    public void close() {
        if (end()) {
            try {
                lock.close();
            } catch (IOException _) {
                // The operating system releases it when the process ends.
            }
        }
    }

    /** Deletes some files, the lock, and the directory if it was made here, and lets go of it. */
    void closeAndDelete(List<String> names) {
        if (!end()) {
            return;
        }
        try (lock) {
            for (String name : names) {
                Files.deleteIfExists(file(name));
            }
            lock.delete();
            if (made) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot delete the record of a run that did not get anywhere, '" + path + "': " + Reason.of(e)
                            + "; delete it by hand",
                    e);
        }
    }

    /** Whether there is something left to end: not if the process is ending, and what is there may be resumed. */
    private synchronized boolean end() {
        if (ended) {
            return false;
        }
        ended = true;
        try {
            return Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            return false;
        }
    }

    private synchronized void endWriting() {
        ended = true;
    }

    private void checkNotEnded() {
        if (ended) {
            throw new IllegalStateException("the record in '" + path + "' is closed");
        }
    }
}
