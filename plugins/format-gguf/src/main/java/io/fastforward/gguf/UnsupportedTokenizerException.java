package io.fastforward.gguf;

/** A tokenizer that is damaged, or does something for which llama.cpp has no word; the message says what, and what to do. */
final class UnsupportedTokenizerException extends RuntimeException {

    private static final long serialVersionUID = 1;

    UnsupportedTokenizerException(String message) {
        super(message);
    }
}
