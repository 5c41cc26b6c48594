package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where a text comes from: a file, or what can be read but once, such as a pipe or standard input ({@code -}). What
 * comes through a pipe is kept, so that it can be asked for again. Used by one thread at a time.
 */
public final class TextSource {

    /** Keeps every array below its limit; a text of this size takes the tokenizer minutes anyway. */
    static final long LARGEST = 1L << 30;

    /** What standard input is called on the command line, and where Unix has it in the file system. */
    private static final Path STANDARD_INPUT = Path.of("-");

    private static final Path STANDARD_INPUT_FILE = Path.of("/dev/stdin");

    /** What the record of a run calls a stream: {@code <(zcat …)} has another name every time. */
    private static final String STREAM_NAME = "pipe";

    private final String role;
    private final Path path;
    private byte @Nullable [] kept;

    private TextSource(String role, Path path) {
        this.role = role;
        this.path = path;
    }

    /**
     * A source that is not read yet.
     *
     * @param role what messages call it, such as "text"
     * @param path a file, a pipe, or {@code -} for standard input
     */
    public static TextSource of(String role, Path path) {
        return new TextSource(role, path);
    }

    /** A file with a text. */
    public static TextSource text(Path path) {
        return of("text", path);
    }

    /** For messages: what it is and its name. */
    public String describe() {
        return "the " + role + " " + name();
    }

    /** Its name as a user sees it. */
    String name() {
        return path.equals(STANDARD_INPUT) ? "from standard input" : "'" + path + "'";
    }

    /** The file's name as a shell takes it. */
    String shellName() {
        return path.equals(STANDARD_INPUT) ? "FILE" : "'" + path.toString().replace("'", "'\\''") + "'";
    }

    /** The file's name in lower case, without what says that it is packed. */
    String unpackedName() {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        return name.endsWith(".gz") ? name.substring(0, name.length() - ".gz".length()) : name;
    }

    /** Whether it can be read but once. */
    public boolean isStream() {
        return path.equals(STANDARD_INPUT)
                || (Files.exists(path) && !Files.isRegularFile(path) && !Files.isDirectory(path));
    }

    /** Whether both are the same pipe, of which each would get a part. */
    public boolean sharesStreamWith(TextSource other) {
        if (!isStream() || !other.isStream()) {
            return false;
        }
        try {
            return path.equals(other.path) || Files.isSameFile(inFileSystem(path), inFileSystem(other.path));
        } catch (IOException _) {
            return false; // reading will say what is wrong with it
        }
    }

    /**
     * All of its bytes.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it cannot be read, {@link FailureKind#BAD_TEXT} if it is
     *     larger than 1 GiB, or something that is known not to be a text
     */
    byte[] contents() {
        byte @Nullable [] before = kept;
        if (before != null) {
            return before;
        }
        if (!path.equals(STANDARD_INPUT) && !Files.exists(path)) {
            throw FailureKind.NOT_FOUND.failure(describe() + " does not exist");
        }
        if (Files.isDirectory(path)) {
            throw FailureKind.NOT_FOUND.failure(describe() + " is a directory, not a file");
        }
        byte[] contents = read();
        if (isStream()) {
            kept = contents;
        }
        return contents;
    }

    /** The identity of the contents, for the record of a run: a pipe's is that of what came through it. */
    public FileHash hash() {
        return hash(contents());
    }

    FileHash hash(byte[] contents) {
        FileHash hash = FileHash.of(path, contents);
        return isStream() ? new FileHash(STREAM_NAME, hash.bytes(), hash.sha256()) : hash;
    }

    private byte[] read() {
        // Standard input belongs to the process and stays open.
        try (InputStream file = path.equals(STANDARD_INPUT) ? null : Files.newInputStream(path)) {
            InputStream in = file == null ? System.in : file;
            byte[] head = in.readNBytes(Signature.HEAD_BYTES);
            Signature.requireText(this, head); // before hundreds of gigabytes of something else are read
            if (Files.isRegularFile(path) && Files.size(path) > LARGEST) {
                throw tooLarge(Files.size(path) + " bytes");
            }
            byte[] contents = new SequenceInputStream(new ByteArrayInputStream(head), in)
                    .readNBytes(Math.toIntExact(LARGEST + 1));
            if (contents.length > LARGEST) {
                throw tooLarge("more than " + LARGEST + " bytes");
            }
            return contents;
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure(describe() + " cannot be read: " + Reason.of(e), e);
        }
    }

    Failure tooLarge(String size) {
        return FailureKind.BAD_TEXT.failure(
                describe() + " has " + size + ", expected at most " + LARGEST + "; give a part of it");
    }

    private static Path inFileSystem(Path path) {
        return path.equals(STANDARD_INPUT) ? STANDARD_INPUT_FILE : path;
    }
}
