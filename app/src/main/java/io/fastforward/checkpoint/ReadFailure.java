package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Explains why reading failed. */
final class ReadFailure {

    private ReadFailure() {}

    /** A failure of kind {@link FailureKind#NOT_FOUND} that says why; Java's exceptions often name the file alone. */
    static Failure of(Path path, IOException cause) {
        String reason = switch (cause) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "it does not exist";
            case FileSystemException other when other.getReason() != null -> other.getReason();
            default -> String.valueOf(cause.getMessage());
        };
        return new Failure(
                FailureKind.NOT_FOUND, ModelDirectory.quoted(path) + " cannot be read: " + OneLine.of(reason), cause);
    }
}
