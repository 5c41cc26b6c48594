package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Explains why writing failed. */
final class StorageFailure {

    private StorageFailure() {}

    /**
     * A failure of kind {@link FailureKind#STORAGE}.
     *
     * @param path what was to be written
     * @param bytes how many bytes it needs
     */
    static Failure of(Path path, long bytes, IOException cause) {
        return failure(path, cause, "it needs " + bytes + " bytes" + free(path) + "; make room or");
    }

    /** A failure of kind {@link FailureKind#STORAGE} that has nothing to do with the size of what is written. */
    static Failure of(Path path, IOException cause) {
        return failure(path, cause, "if it is a mount point, choose a new directory inside it, else");
    }

    private static Failure failure(Path path, IOException cause, String advice) {
        return new Failure(
                FailureKind.STORAGE,
                "cannot write '" + path + "': " + reason(cause) + "; " + advice + " choose another output directory",
                cause);
    }

    private static String reason(IOException cause) {
        return switch (cause) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException missing -> "'" + missing.getFile() + "' does not exist";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> String.valueOf(cause.getMessage());
        };
    }

    private static String free(Path path) {
        for (@Nullable Path at = path.toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.exists(at)) {
                try {
                    return ", and its file system has " + Files.getFileStore(at).getUsableSpace() + " left";
                } catch (IOException _) {
                    return ""; // the message is good enough without
                }
            }
        }
        return "";
    }
}
