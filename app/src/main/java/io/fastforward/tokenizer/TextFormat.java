package io.fastforward.tokenizer;

/** What a text file holds, once it is unpacked. */
public enum TextFormat {
    /** JSON lines if the name or the first line says so, else plain text. */
    AUTO,
    /** Nothing but the text. */
    TEXT,
    /** A JSON object in every line, with the text in one of its fields. */
    JSONL
}
