package io.fastforward.tokenizer;

/**
 * How text files are read.
 *
 * @param unit what is one document
 * @param format what the files hold
 * @param field the field that holds the text of a record of JSON lines
 */
public record TextSettings(TextUnit unit, TextFormat format, String field) {

    /** The field that most data sets keep their text in. */
    public static final String DEFAULT_FIELD = "text";

    /** Settings that leave the format to the file. */
    public static TextSettings of(TextUnit unit) {
        return new TextSettings(unit, TextFormat.AUTO, DEFAULT_FIELD);
    }
}
