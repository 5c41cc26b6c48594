package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * An output directory that appears as a whole or not at all: its files are written to
 * {@code <target>.partial-<random>} beside it, which takes the name of the target at the end. If the process is told
 * to end before that (Ctrl-C), a shutdown hook deletes them.
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

    private enum State {
        OPEN,
        COMMITTED,
        DELETED
    }

    private final Path target;
    private final Path partial;
    private final Thread hook = new ShutdownHook(this::deleteAtShutdown, "delete-unfinished-output");
    private State state = State.OPEN;

    private AtomicDirectory(Path target, Path partial) {
        this.target = target;
        this.partial = partial;
    }

    /**
     * Makes a new empty directory beside the target, with parents where they are missing.
     *
     * @param target must not exist, or be an empty directory, which is removed: better to learn now than after hours
     *     of work that it is a mount point and cannot be replaced
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if the target holds something,
     *     {@link FailureKind#STORAGE} if the directory cannot be made
     */
    public static AtomicDirectory create(Path target) {
        try {
            // Through a link to an empty directory, the directory itself is replaced.
            Path real = Files.exists(target)
                    ? target.toRealPath()
                    : target.toAbsolutePath().normalize();
            removeEmpty(real);
            Files.createDirectories(real.resolveSibling(""));
            AtomicDirectory directory = new AtomicDirectory(real, AtomicFile.temporaryName(real));
            directory.open();
            return directory;
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    /**
     * Deletes what earlier processes left beside a target when they were killed. To be called only if none of them can
     * be running.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE} if it cannot be deleted
     */
    public static void deleteAbandoned(Path target) {
        Path absolute = target.toAbsolutePath().normalize();
        Path parent = absolute.resolveSibling("");
        if (!Files.isDirectory(parent)) {
            return;
        }
        try (Stream<Path> siblings = Files.list(parent)) {
            for (Path abandoned : siblings.filter(path -> AtomicFile.isTemporaryNameOf(absolute, path))
                    .toList()) {
                Files.walkFileTree(abandoned, new Deletion());
            }
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "cannot delete what an interrupted run left beside '" + target + "': " + e.getMessage()
                            + "; delete it by hand",
                    e);
        }
    }

    private void open() throws IOException {
        Runtime.getRuntime().addShutdownHook(hook);
        try {
            Files.createDirectory(partial);
        } catch (IOException e) {
            removeHook();
            throw e;
        }
    }

    /** Where to write. */
    public Path path() {
        return partial;
    }

    /**
     * Gives the directory the name of the target.
     *
     * @throws Failure of kind {@link FailureKind#OUTPUT_NOT_EMPTY} if something was put into the target meanwhile,
     *     {@link FailureKind#STORAGE} if it cannot be moved
     * @throws IllegalStateException if it was committed or deleted before
     */
    public synchronized void commit() {
        if (state != State.OPEN) {
            throw new IllegalStateException("'" + target + "' was committed or deleted before");
        }
        try {
            AtomicFile.forceDirectory(partial);
            removeEmpty(target);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            state = State.COMMITTED;
            removeHook();
            AtomicFile.forceDirectory(target.resolveSibling(""));
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    /** Deletes everything that was written, unless it was committed. */
    @Override
    public synchronized void close() {
        if (state != State.OPEN) {
            return;
        }
        state = State.DELETED;
        removeHook();
        try {
            delete();
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "cannot delete the unfinished '" + partial + "': " + e.getMessage() + "; delete it by hand",
                    e);
        }
    }

    /** Waits for a commit that has begun; one that has not can no longer begin. */
    private synchronized void deleteAtShutdown() {
        if (state != State.OPEN) {
            return;
        }
        state = State.DELETED;
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            try {
                delete();
                return;
            } catch (IOException _) {
                // A file came or went meanwhile. Once the directory is gone, nothing can be added.
            }
        }
    }

    private void delete() throws IOException {
        if (Files.exists(partial)) {
            Files.walkFileTree(partial, new Deletion());
        }
    }

    private void removeHook() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending, and the hook finds that there is nothing to do.
        }
    }

    private static void removeEmpty(Path target) throws IOException {
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
        return new Failure(
                FailureKind.OUTPUT_NOT_EMPTY,
                "'" + target + "' exists and is not an empty directory; choose another output directory",
                cause);
    }

    private static final class Deletion extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure) throws IOException {
            if (failure != null) {
                throw failure;
            }
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
        }
    }
}
