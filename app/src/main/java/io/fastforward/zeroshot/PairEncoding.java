package io.fastforward.zeroshot;

import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.tokenizer.Tokenizer;
import java.util.Arrays;

/**
 * Tokens of a context and what is scored behind it, as the harness's {@code _encode_pair} makes them: white space at the
 * context's end goes over to what follows, the tokens of the context are those of the context alone, and what is scored
 * are the tokens of both together beyond as many. Where both do not fit, the context loses its beginning. Used by one
 * thread at a time.
 */
final class PairEncoding {

    private final Tokenizer tokenizer;
    private final int contextLength;
    private String context = "";
    private int[] contextTokens = {};
    private int cut;

    /** @param contextLength most tokens that the model reads; one more can be scored */
    PairEncoding(Tokenizer tokenizer, int contextLength) {
        this.tokenizer = tokenizer;
        this.contextLength = contextLength;
    }

    /** @throws IllegalArgumentException if there is nothing to read or nothing to score, or more to score than fits */
    Choice encode(String text, String continuation) {
        String before = PythonText.strippedRight(text);
        if (before.isEmpty()) {
            throw new IllegalArgumentException("nothing stands before the choices");
        }
        int[] first = tokens(before);
        int[] whole = tokenizer.encode(text + continuation, true);
        int scored = whole.length - first.length;
        if (scored < 1) {
            throw new IllegalArgumentException("a choice adds no token to what stands before it");
        }
        if (scored > contextLength) {
            throw new IllegalArgumentException("a choice has " + scored + " tokens, but the model reads at most "
                    + contextLength + " at once; leave out that line");
        }
        int[] pair = Arrays.copyOf(first, whole.length);
        System.arraycopy(whole, first.length, pair, first.length, scored);
        int start = Math.max(0, pair.length - contextLength - 1);
        cut += start > 0 ? 1 : 0;
        return new Choice(Arrays.copyOfRange(pair, start, pair.length), pair.length - start - scored);
    }

    /** How many pairs have lost the beginning of their context. */
    int cut() {
        return cut;
    }

    /** The choices of most questions stand behind the same context. */
    private int[] tokens(String text) {
        if (!text.equals(context)) {
            context = text;
            contextTokens = tokenizer.encode(text, true);
        }
        return contextTokens;
    }
}
