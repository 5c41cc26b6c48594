package io.fastforward.tokenizer;

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
}
