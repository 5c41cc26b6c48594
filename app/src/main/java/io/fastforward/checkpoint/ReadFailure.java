package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.nio.file.Path;

/** Explains why reading failed. */
public final class ReadFailure {

    private ReadFailure() {}

    /** A failure of kind {@link FailureKind#NOT_FOUND} that says why. */
    public static Failure of(Path path, IOException cause) {
        return FailureKind.NOT_FOUND.failure(
                ModelDirectory.quoted(path) + " cannot be read: " + Reason.of(cause), cause);
    }
}
