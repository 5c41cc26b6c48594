package io.fastforward.tokenizer;

/** How a text file is cut before it is tokenised. */
public enum TextUnit {
    /** The whole file is one document. */
    FILE,
    /**
     * Every line is a document of its own, with its own special tokens; the tokens of all are concatenated. Lines of
     * white space alone are skipped.
     */
    LINE
}
