package io.fastforward.tokenizer;

/** What in a text is a document, with special tokens of its own. The tokens of all documents are concatenated. */
public enum TextUnit {
    /** A plain text as a whole; of JSON lines, every record. Records of white space alone are skipped. */
    FILE,
    /** Every line of a plain text, or of the records. Lines of white space alone are skipped. */
    LINE,
    /**
     * All rows together, joined by two newlines, as publications read WikiText: {@code "\n\n".join(dataset["text"])}.
     * The rows of a plain text are its lines, each with its newline, and those of white space alone are empty: that is
     * how the rows of the data set were made from the raw files. The rows of JSON lines are the records.
     */
    WIKITEXT
}
