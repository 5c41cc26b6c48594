package io.fastforward.gguf;

/** What kind of token it is, as llama.cpp counts them. */
enum TokenType {
    NORMAL(1),
    UNKNOWN(2),
    /** Found in texts if special tokens are looked for, and left out of texts for people. */
    CONTROL(3),
    /** Found in every text, and shown. */
    USER_DEFINED(4),
    /** Stands for a row of the embedding that no token has. */
    UNUSED(5),
    BYTE(6);

    private final int code;

    TokenType(int code) {
        this.code = code;
    }

    /** Its number in files. */
    int code() {
        return code;
    }
}
