package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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
        try (InputStream in = Files.newInputStream(path)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] chunk = new byte[CHUNK];
            long bytes = 0;
            for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
                digest.update(chunk, 0, read);
                bytes += read;
            }
            return new FileHash(
                    String.valueOf(path.getFileName()), bytes, HexFormat.of().formatHex(digest.digest()));
        } catch (IOException e) {
            throw new Failure(FailureKind.NOT_FOUND, "'" + path + "' cannot be read: " + e.getMessage(), e);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
