package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.util.Arrays;
import java.util.List;

/**
 * A text as tokens, with what identifies it in the record of a run.
 *
 * @param summary what was read
 * @param ids its tokens; not copied, must not be changed
 */
public record TokenizedText(TextSummary summary, int[] ids) {

    /** Most elements of an array. */
    private static final int MOST_TOKENS = Integer.MAX_VALUE - 8;

    /**
     * Reads and tokenises a text: UTF-8, plain or JSON lines, perhaps gzipped. Every document gets the tokenizer's
     * special tokens.
     *
     * @throws Failure of kind {@link FailureKind#NOT_FOUND} if it cannot be read, {@link FailureKind#BAD_TEXT} if it is
     *     not UTF-8, damaged, empty, larger than 1 GiB, or of a format that is not read here
     */
    public static TokenizedText read(TextSource source, TextSettings settings, Tokenizer tokenizer) {
        TextContents contents = TextContents.of(source);
        TextDocuments found = TextDocuments.of(source, contents.text(), settings);
        int[] ids = encode(source, found, tokenizer);
        return new TokenizedText(
                new TextSummary(
                        contents.hash(),
                        contents.gzipped(),
                        found.format(),
                        found.documents().size(),
                        found.documents().stream()
                                .mapToLong(document -> document.codePointCount(0, document.length()))
                                .sum(),
                        ids.length),
                ids);
    }

    /** The identity of the contents that were tokenised, for the record of a run. */
    public FileHash hash() {
        return summary.file();
    }

    private static int[] encode(TextSource source, TextDocuments found, Tokenizer tokenizer) {
        List<int[]> encoded = found.documents().stream()
                .map(document -> tokenizer.encode(document, true))
                .toList();
        if (encoded.stream().mapToLong(ids -> ids.length).sum() > MOST_TOKENS) {
            throw FailureKind.BAD_TEXT.failure(
                    source.describe() + " has more than " + MOST_TOKENS + " tokens; give a part of it");
        }
        return encoded.stream().flatMapToInt(Arrays::stream).toArray();
    }
}
