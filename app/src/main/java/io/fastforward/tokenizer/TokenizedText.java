package io.fastforward.tokenizer;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.util.Arrays;

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
        int[] ids = {};
        int filled = 0;
        for (String document : found.documents()) {
            int[] encoded = tokenizer.encode(document, true);
            if (encoded.length > MOST_TOKENS - filled) {
                throw FailureKind.BAD_TEXT.failure(
                        source.describe() + " has more than " + MOST_TOKENS + " tokens; give a part of it");
            }
            ids = withRoom(ids, filled + encoded.length);
            System.arraycopy(encoded, 0, ids, filled, encoded.length);
            filled += encoded.length;
        }
        return ids.length == filled ? ids : Arrays.copyOf(ids, filled);
    }

    private static int[] withRoom(int[] ids, int needed) {
        return needed <= ids.length
                ? ids
                : Arrays.copyOf(ids, (int) Math.min(MOST_TOKENS, Math.max(needed, ids.length * 2L)));
    }
}
