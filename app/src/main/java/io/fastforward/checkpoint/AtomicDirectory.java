package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An output directory that appears as a whole or not at all: its files are written to
 * {@code <target>.partial-<random>/contents} beside it, which takes the name of the target at the end. If the process
 * is told to end before that (Ctrl-C), a shutdown hook deletes them.
 *
 * <p>A process that is killed leaves them. They stand beside a {@linkplain ProcessLock lock}, which proves that they
 * are ours and that nobody works on them any more; whoever makes the same output next deletes them. Nothing without
 * such a proof is touched, whatever its name.
 *
 * <pre>{@code
 * try (AtomicDirectory output = AtomicDirectory.create(target)) {
 *     ... write files into output.path() ...
 *     output.commit();
 * }
 * }</pre>
 */
public final class AtomicDirectory implements AutoCloseable {

    /** How often the hook tries: the thread that writes may add a file while the directory is emptied. */
    private static final int ATTEMPTS = 10;

    private static final String LOCK = "process.lock";
    private static final String CONTENTS = "contents";

    private final Path target;
    private final Path partial;
    private final ShutdownHook hook = new ShutdownHook(this::deleteAtShutdown, "delete-unfinished-output");
    private @Nullable ProcessLock lock;

    /** Whether it was committed or deleted; the hook then finds that there is nothing to do. */
    private boolean done;

    private AtomicDirectory(Path target, Path partial) {
        this.target = target;
        this.partial = partial;
    }

    /**
     * Makes a new empty directory beside the target, with parents where they are missing, and deletes what killed
     * processes left there.
     *
     * @param target must not exist, or be an empty directory, which is removed: better to learn now than after hours
     *     of work that it is a mount point and cannot be replaced
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if the target holds something or another process is
     *     writing to it, {@link FailureKind#STORAGE} if the directory cannot be made
     */
    public static AtomicDirectory create(Path target) {
        try {
            Path real = RealPath.of(target); // through a link to an empty directory, the directory itself is replaced
            AtomicDirectory directory = begin(real);
            try {
                removeEmpty(real);
                return directory;
            } catch (IOException | Failure e) {
                directory.close();
                throw e;
            }
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    /**
     * Deletes what killed processes left beside a target. To be called before work begins: it frees their room, and
     * whoever is writing to the same target is noticed.
     *
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if another process is writing to the target,
     *     {@link FailureKind#STORAGE} if nothing can be written there
     */
    public static void deleteAbandoned(Path target) {
        Path real = RealPath.of(target);
        if (!Files.isDirectory(real.resolveSibling(""))) {
            return;
        }
        try {
            begin(real).close();
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    private static AtomicDirectory begin(Path real) throws IOException {
        Files.createDirectories(real.resolveSibling(""));
        AtomicDirectory directory = new AtomicDirectory(real, AtomicFile.temporaryName(real));
        try {
            directory.open();
            directory.deleteOthers();
            return directory;
        } catch (Throwable e) {
            directory.close();
            throw e;
        }
    }

    private void open() throws IOException {
        Runtime.getRuntime().addShutdownHook(hook);
        Files.createDirectory(partial);
        lock = ProcessLock.tryAcquire(partial.resolve(LOCK)).orElseThrow(() -> busy(target));
        Files.createDirectory(path());
    }

    /** Deletes those partial directories of the target that are left from processes that have died. */
    private void deleteOthers() throws IOException {
        List<Path> others;
        try {
            others = children(target.resolveSibling("")).stream()
                    .filter(path -> AtomicFile.isTemporaryNameOf(target, path) && !path.equals(partial))
                    .toList();
        } catch (AccessDeniedException _) {
            return; // a directory that may be written, but not read
        }
        for (Path other : others) {
            try {
                if (Files.isDirectory(other, LinkOption.NOFOLLOW_LINKS)
                        && Files.getOwner(other, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(partial))) {
                    deleteIfAbandoned(other);
                }
            } catch (NoSuchFileException _) {
                // Its process ended meanwhile, and deleted it.
            } catch (AccessDeniedException | UnsupportedOperationException _) {
                // Then nothing proves that it is ours.
            }
        }
    }

    private void deleteIfAbandoned(Path other) throws IOException {
        Path file = other.resolve(LOCK);
        boolean begun = ProcessLock.isSigned(file);
        if (!begun && !holdsNothingYet(other)) {
            return;
        }
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            Files.delete(other);
            return;
        }
        ProcessLock taken = ProcessLock.tryTakeOver(file).orElseThrow(() -> busy(target));
        try (taken) {
            if (taken.isLocked()) {
                delete(other);
            }
        }
    }

    /** Whether a process that made a directory died before it signed its lock. */
    private static boolean holdsNothingYet(Path other) throws IOException {
        for (Path child : children(other)) {
            if (!child.equals(other.resolve(LOCK))
                    || !Files.isRegularFile(child, LinkOption.NOFOLLOW_LINKS)
                    || Files.size(child) > 0) {
                return false;
            }
        }
        return true;
    }

    private static Failure busy(Path target) {
        return FailureKind.OUTPUT_NOT_EMPTY.failure("another process is writing to '" + target
                + "'; wait until it has ended, or choose another output directory");
    }

    /** Where to write. */
    public Path path() {
        return partial.resolve(CONTENTS);
    }

    /**
     * Gives the directory the name of the target.
     *
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if something was put into the target meanwhile,
     *     {@link FailureKind#STORAGE} if it cannot be moved
     * @throws IllegalStateException if it was committed or deleted before
     */
    public synchronized void commit() {
        if (done) {
            throw new IllegalStateException("'" + target + "' was committed or deleted before");
        }
        try {
            AtomicFile.forceDirectory(path());
            removeEmpty(target);
            Files.move(path(), target, StandardCopyOption.ATOMIC_MOVE);
            done = true;
            hook.close();
            AtomicFile.forceDirectory(target.resolveSibling(""));
            deleteCommitted();
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    /** Deletes everything that was written, unless it was committed. */
    @Override
    public synchronized void close() {
        if (done) {
            return;
        }
        done = true;
        hook.close();
        try {
            delete();
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot delete the unfinished '" + partial + "': " + Reason.of(e) + "; delete it by hand", e);
        }
    }

    /** Waits for a commit that has begun; one that has not can no longer begin. */
    private synchronized void deleteAtShutdown() {
        if (done) {
            return;
        }
        done = true;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                delete();
                return;
            } catch (IOException _) {
                // A file came or went meanwhile. Once the directory is gone, nothing can be added.
            }
        }
    }

    /** What is left around the contents once they are in their place; the output is complete without that, too. */
    private void deleteCommitted() {
        try {
            delete();
        } catch (IOException _) {
            // The next process that makes this output finds the lock, and that nobody holds it.
        }
    }

    private void delete() throws IOException {
        if (Files.exists(partial, LinkOption.NOFOLLOW_LINKS)) {
            delete(partial);
        }
        if (lock != null) {
            lock.close();
        }
    }

    /** The lock goes last: were this process killed before, it would prove that the rest is ours. */
    private static void delete(Path partial) throws IOException {
        Path lock = partial.resolve(LOCK);
        for (Path child : children(partial)) {
            if (!child.equals(lock)) {
                deleteTree(child);
            }
        }
        Files.deleteIfExists(lock);
        Files.delete(partial);
    }

    private static void removeEmpty(Path target) throws IOException {
        if (Files.isSymbolicLink(target)) { // which leads nowhere, or its place would have been taken for the target
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "'" + target + "' is a link to '" + Files.readSymbolicLink(target)
                            + "', which does not exist; make that directory, or choose another output directory");
        }
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw notEmpty(target, null);
        }
        try {
            Files.deleteIfExists(target);
        } catch (DirectoryNotEmptyException e) {
            throw notEmpty(target, e);
        }
    }

    private static Failure notEmpty(Path target, @Nullable Throwable cause) {
        return FailureKind.OUTPUT_NOT_EMPTY.failure(
                "'" + target + "' exists and is not an empty directory; choose another output directory", cause);
    }

    private static void deleteTree(Path path) throws IOException {
        if (Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
            for (Path child : children(path)) {
                deleteTree(child);
            }
        }
        Files.delete(path);
    }

    /**
     * What is in a directory.
     *
     * @throws IOException if it cannot be read, or not to its end
     */
    public static List<Path> children(Path directory) throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.toList();
        } catch (UncheckedIOException e) { // of a disk that fails halfway
            throw e.getCause();
        }
    }
}
