package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Collections;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A directory that somebody else may have made, and the only way to its files: what a name leads to is a regular file
 * in the directory itself, or, through a link, in the {@code blobs} of a Hugging Face cache. Anything else is refused,
 * so that a model cannot make us read other files of the user, nor wait for a pipe.
 */
final class ModelDirectory {

    /** A bound on the names that are kept; a checkpoint has some dozens. */
    private static final int MOST_ENTRIES = 100_000;

    private static final Pattern CACHED_REPOSITORY = Pattern.compile("models--.+");
    private static final Pattern HUB_NAME = Pattern.compile("[\\w.-]+/[\\w.-]+");

    private final Path path;
    private final Path real;
    private final NavigableSet<String> names;

    private ModelDirectory(Path path, Path real, NavigableSet<String> names) {
        this.path = path;
        this.real = real;
        this.names = names;
    }

    /**
     * Opens a directory, or the end of a link to one.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it is none or cannot be read
     */
    static ModelDirectory open(Path path) {
        if (!Files.isDirectory(path)) {
            throw noDirectory(path);
        }
        try {
            return new ModelDirectory(path, path.toRealPath(), list(path));
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    /** Where it is, as the user wrote it. */
    Path path() {
        return path;
    }

    /** The names of all that was in it when it was opened, in their order. */
    NavigableSet<String> names() {
        return names;
    }

    /** Whether there was something of a name when it was opened. */
    boolean has(String name) {
        return names.contains(name);
    }

    /**
     * A file by its name, if there was something of that name when the directory was opened.
     *
     * @throws Failure if that is no regular file, or a link that must not be followed
     */
    Optional<Path> find(String name) {
        return has(name) ? Optional.of(requireFile(path.resolve(name))) : Optional.empty();
    }

    /**
     * Checks what a path below the directory leads to.
     *
     * @return the same path
     * @throws Failure if that is no regular file, or a link that must not be followed
     */
    Path requireFile(Path file) {
        BasicFileAttributes attributes = attributesOfTarget(file);
        if (!attributes.isRegularFile()) {
            throw FailureKind.BAD_CHECKPOINT.failure(
                    quoted(file) + " is " + (attributes.isDirectory() ? "a directory" : "a pipe or a device")
                            + ", expected a file; remove it or download it again");
        }
        return file;
    }

    /**
     * Whether a path below the directory leads to a directory.
     *
     * @throws Failure if it is a link that must not be followed
     */
    boolean isDirectory(Path file) {
        return attributesOfTarget(file).isDirectory();
    }

    private BasicFileAttributes attributesOfTarget(Path file) {
        try {
            Path target = file.toRealPath();
            if (!target.startsWith(real) && !isBlobOfCache(target)) {
                throw FailureKind.BAD_CHECKPOINT.failure(
                        quoted(file) + " is a link to '" + OneLine.of(target.toString())
                                + "', outside of the model's directory; links are followed only within it and into the"
                                + " blobs of a Hugging Face cache; put the file itself in the link's place (a copy or a hard link)");
            }
            return Files.readAttributes(target, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw Files.isSymbolicLink(file) ? brokenLink(file, e) : ReadFailure.of(file, e);
        }
    }

    /** As the cache lays them out: {@code models--ORG--NAME/blobs/HASH}. */
    private static boolean isBlobOfCache(Path target) {
        Path blobs = target.getParent();
        if (blobs == null || blobs.getParent() == null || !blobs.endsWith("blobs")) {
            return false;
        }
        Path repository = blobs.getParent();
        return CACHED_REPOSITORY
                .matcher(String.valueOf(repository.getFileName()))
                .matches();
    }

    private static Failure brokenLink(Path link, IOException cause) {
        String target;
        try {
            target = Files.readSymbolicLink(link).toString();
        } catch (IOException _) {
            target = "?"; // what happened before matters more
        }
        String what = cause instanceof NoSuchFileException ? "which does not exist" : Reason.of(cause);
        String advice = target.contains("blobs")
                ? "the download into the Hugging Face cache was not finished, or the cache was cleaned up: download the"
                        + " model again, with hf download ORG/NAME"
                : "put the file itself in the link's place, or download it again";
        return FailureKind.NOT_FOUND.failure(
                quoted(link) + " is a link to '" + OneLine.of(target) + "', " + OneLine.of(what) + "; " + advice,
                cause);
    }

    private static NavigableSet<String> list(Path path) throws IOException {
        NavigableSet<String> names = new TreeSet<>();
        try (DirectoryStream<Path> children = Files.newDirectoryStream(path)) {
            for (Path child : children) {
                if (names.size() == MOST_ENTRIES) {
                    throw FailureKind.NOT_FOUND.failure("'" + path + "' holds more than " + MOST_ENTRIES
                            + " files; give the directory that holds nothing but the model");
                }
                names.add(String.valueOf(child.getFileName()));
            }
        }
        return Collections.unmodifiableNavigableSet(names);
    }

    private static Failure noDirectory(Path path) {
        if (Files.isRegularFile(path)) {
            return aFile(path);
        }
        if (Files.isSymbolicLink(path) && !Files.exists(path)) {
            return brokenLink(path, new NoSuchFileException(path.toString()));
        }
        String text = path.toString();
        String name = String.valueOf(path.getFileName());
        String advice = HUB_NAME.matcher(text).matches() && !Files.exists(path)
                ? "; if it is the name of a model on the Hugging Face Hub, download it first: hf download " + text
                        + " --local-dir " + name
                : "";
        return FailureKind.NOT_FOUND.failure(
                "'" + path + "' is not a directory" + (Files.exists(path) ? "" : ": there is nothing of that name")
                        + "; expected a checkpoint directory with config.json, model.safetensors and tokenizer.json"
                        + advice);
    }

    private static Failure aFile(Path path) {
        Optional<ForeignContents> foreign = ForeignContents.of(path);
        if (foreign.isPresent()) {
            return foreign.get().failure(path, "a checkpoint directory");
        }
        Path parent = path.toAbsolutePath().resolveSibling("").normalize();
        return FailureKind.NOT_FOUND.failure(
                "'" + path + "' is a file and not a directory; give the checkpoint directory that holds config.json and"
                        + " the weights"
                        + (Files.exists(parent.resolve("config.json")) ? ": '" + parent + "'" : ""));
    }

    /** A file for a message, with whatever its name holds made fit for one line. */
    static String quoted(Path file) {
        String path = file.toString();
        String name = file.getFileName() == null ? "" : file.getFileName().toString();
        return "'" + path.substring(0, path.length() - name.length()) + OneLine.of(name) + "'";
    }
}
