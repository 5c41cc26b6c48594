package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import org.jspecify.annotations.Nullable;

/** The tokenizer library did not do what it was asked to. */
final class TokenizerTrouble extends Exception {

    /** What it did. */
    enum Kind {
        /** It said why. */
        REFUSED,
        /** It has too little memory. */
        OUT_OF_MEMORY,
        /** Its process ended. */
        ENDED,
        /** Its process was ended from outside, and not by this one. */
        KILLED,
        /** It did not answer in time, so its process was ended. */
        LATE
    }

    private static final long serialVersionUID = 1;

    private final Kind kind;

    TokenizerTrouble(Kind kind, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    Kind kind() {
        return kind;
    }

    /**
     * The failure if the process was killed while neither a text nor a file is to blame.
     *
     * @param what cannot be done
     */
    Failure killed(String what) {
        return FailureKind.STORAGE.failure(what + ": " + getMessage() + "; free memory and try again", this);
    }
}
