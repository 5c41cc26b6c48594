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
import org.jspecify.annotations.Nullable;

/**
 * An output directory that appears as a whole or not at all: its files are written to
 * {@code <target>.partial-<random>} beside it, which takes the name of the target at the end.
 *
 * <pre>{@code
 * try (AtomicDirectory output = AtomicDirectory.create(target)) {
 *     ... write files into output.path() ...
 *     output.commit();
 * }
 * }</pre>
 */
public final class AtomicDirectory implements AutoCloseable {

    private final Path target;
    private final Path partial;
    private boolean committed;

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
            return new AtomicDirectory(real, Files.createDirectory(AtomicFile.temporaryName(real)));
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
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
     * @throws IllegalStateException if it was committed before
     */
    public void commit() {
        if (committed) {
            throw new IllegalStateException("'" + target + "' was committed before");
        }
        try {
            AtomicFile.forceDirectory(partial);
            removeEmpty(target);
            Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            committed = true;
            AtomicFile.forceDirectory(target.resolveSibling(""));
        } catch (IOException e) {
            throw StorageFailure.of(target, e);
        }
    }

    /** Deletes everything that was written, unless it was committed. */
    @Override
    public void close() {
        if (committed || !Files.exists(partial)) {
            return;
        }
        try {
            Files.walkFileTree(partial, new Deletion());
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.STORAGE,
                    "cannot delete the unfinished '" + partial + "': " + e.getMessage() + "; delete it by hand",
                    e);
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
