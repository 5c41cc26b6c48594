package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import java.util.Locale;

/**
 * What was read from a text, for people and programs.
 *
 * @param file the file as it was; a pipe's name is "pipe"
 * @param gzipped whether it was compressed with gzip
 * @param format plain text or JSON lines
 * @param documents how many documents were tokenised, each with special tokens of its own
 * @param characters of all documents, counted as Unicode code points
 * @param tokens of all documents
 */
public record TextSummary(
        FileHash file, boolean gzipped, TextFormat format, int documents, long characters, int tokens) {

    /** One line. */
    public String describe() {
        return String.format(
                Locale.ROOT,
                "%s (%,d bytes): %s%s, %,d %s, %,d characters, %,d tokens",
                file.name(),
                file.bytes(),
                gzipped ? "gzipped " : "",
                format == TextFormat.JSONL ? "JSON lines" : "plain text",
                documents,
                documents == 1 ? "document" : "documents",
                characters,
                tokens);
    }
}
