package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The identity of a file's contents, for the record of a run.
 *
 * @param name the file's name, without its directory
 * @param bytes its size
 * @param sha256 the SHA-256 of its contents, in lower-case hexadecimal
 */
public record FileHash(String name, long bytes, String sha256) {

    private static final int CHUNK = 1 << 20;

    /**
     * Reads a file from start to end.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it cannot be read
     */
    public static FileHash of(Path path) {
        Sum sum = new Sum();
        try (InputStream in = Files.newInputStream(path)) {
            byte[] chunk = new byte[CHUNK];
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                sum.add(ByteBuffer.wrap(chunk, 0, read));
            }
            return sum.of(path);
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    /** The hash of a regular file, if there is one. */
    public static Optional<FileHash> find(Path path) {
        return Files.isRegularFile(path) ? Optional.of(of(path)) : Optional.empty();
    }

    /** The SHA-256 of files by their names. */
    public static Map<String, String> byName(List<FileHash> files) {
        return files.stream().collect(Collectors.toMap(FileHash::name, FileHash::sha256));
    }

    /** The hash of a file whose contents were read. */
    public static FileHash of(Path path, byte[] contents) {
        return new FileHash(String.valueOf(path.getFileName()), contents.length, sha256(contents));
    }

    /** The SHA-256 of some bytes, in lower-case hexadecimal. */
    public static String sha256(byte[] contents) {
        return HexFormat.of().formatHex(newDigest().digest(contents));
    }

    /** Makes the hash of a file while its contents pass by. */
    static final class Sum {

        private final MessageDigest digest = newDigest();
        private long bytes;

        /** The next bytes of the file. */
        void add(ByteBuffer contents) {
            bytes += contents.remaining();
            digest.update(contents);
        }

        /** The hash, once all bytes have passed. */
        FileHash of(Path path) {
            return new FileHash(
                    String.valueOf(path.getFileName()), bytes, HexFormat.of().formatHex(digest.digest()));
        }
    }

    private static MessageDigest newDigest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
