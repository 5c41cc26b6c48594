package io.fastforward.failure;

import org.jspecify.annotations.Nullable;

/**
 * A failure that is explained to the user. The message is one line: what, where, what was expected, what to do.
 * {@link FailureKind#failure} makes one.
 */
public final class Failure extends RuntimeException {

    private final FailureKind kind;

    Failure(FailureKind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /** What kind of failure it is. */
    public FailureKind kind() {
        return kind;
    }
}
