package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.util.ArrayList;
import java.util.List;

/**
 * The documents of a text.
 *
 * @param format what the file held: plain text or JSON lines
 * @param documents those that are not white space alone
 */
record TextDocuments(TextFormat format, List<String> documents) {

    private static final String ROW_SEPARATOR = "\n\n";

    /**
     * Cuts a text into documents.
     *
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if it is damaged, or has no document
     */
    static TextDocuments of(TextSource source, String text, TextSettings settings) {
        boolean recognised = settings.format() == TextFormat.AUTO && JsonLines.recognises(source, text);
        boolean json = recognised || settings.format() == TextFormat.JSONL;
        List<String> parts = json ? JsonLines.read(source, text, settings.field(), recognised) : List.of(text);
        List<String> documents = switch (settings.unit()) {
            case FILE -> parts;
            case LINE ->
                parts.stream()
                        .flatMap(
                                part -> TextContents.withUniversalNewlines(part).lines())
                        .toList();
            case WIKITEXT -> List.of(joined(source, json ? parts : rows(text)));
        };
        List<String> kept =
                documents.stream().filter(document -> !isBlank(document)).toList();
        if (kept.isEmpty()) {
            throw FailureKind.BAD_TEXT.failure(source.describe() + " is empty; give one with words in it");
        }
        return new TextDocuments(json ? TextFormat.JSONL : TextFormat.TEXT, kept);
    }

    /** The rows that the data set WikiText has for the lines of its files. */
    private static List<String> rows(String text) {
        List<String> rows = new ArrayList<>();
        for (int start = 0; start < text.length(); ) {
            int newline = text.indexOf('\n', start);
            int end = newline < 0 ? text.length() : newline + 1;
            String row = text.substring(start, end);
            rows.add(isBlank(row) ? "" : row);
            start = end;
        }
        return rows;
    }

    private static String joined(TextSource source, List<String> rows) {
        long characters = rows.stream()
                .mapToLong(row -> (long) row.length() + ROW_SEPARATOR.length())
                .sum();
        if (characters > TextSource.LARGEST) {
            throw source.tooLarge(characters + " characters once its rows are joined");
        }
        return String.join(ROW_SEPARATOR, rows);
    }

    /** What Python's {@code str.strip} leaves nothing of; Java's own test knows fewer spaces. */
    private static boolean isBlank(String text) {
        return text.codePoints().allMatch(c -> Character.isWhitespace(c) || Character.isSpaceChar(c) || c == 0x85);
    }
}
