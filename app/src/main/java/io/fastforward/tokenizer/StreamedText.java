package io.fastforward.tokenizer;

import java.util.Arrays;
import java.util.function.Function;

/**
 * The text of tokens that come one by one, in pieces that can be shown at once. A piece never ends within a character,
 * and all of them together are the text of all tokens, provided that this is valid UTF-8: tokens that are no valid
 * characters may be replaced otherwise than in the whole.
 *
 * <p>A token's text depends on what is around it: several of them may make up one character, and some decoders drop the
 * space before the first one. So tokens are decoded together with those before them, back to the last place but one at
 * which no character was incomplete. What a token costs does not depend on how many came before.
 */
public final class StreamedText {

    /** What bytes decode to that are no character, or not yet. */
    private static final char INCOMPLETE = '\uFFFD';

    private final Function<int[], String> decode;
    private int[] window = new int[0];
    /** How many tokens of the window end at the last place at which no character was incomplete. */
    private int complete;
    /** How many characters of the window's text were given out. */
    private int given;

    /** @param decode the text of some tokens */
    public StreamedText(Function<int[], String> decode) {
        this.decode = decode;
    }

    /** The text that one more token completes; empty if it completes none. */
    public String add(int token) {
        window = Arrays.copyOf(window, window.length + 1);
        window[window.length - 1] = token;
        String text = decode.apply(window);
        int end = completeEnd(text);
        String piece = piece(text, end);
        if (end == text.length() && !piece.isEmpty()) {
            window = Arrays.copyOfRange(window, complete, window.length);
            complete = window.length;
            given = decode.apply(window).length();
        } else if (end == text.length() && changesNothing(token, text)) {
            window = Arrays.copyOf(window, window.length - 1);
        }
        return piece;
    }

    /** What is left when no token comes any more: characters that stay incomplete. */
    public String finish() {
        String text = decode.apply(window);
        return piece(text, text.length());
    }

    /**
     * Whether a token, the last one of the window, has no text wherever it stands, as special tokens that are skipped.
     * A second space at the start is one that is seen, though the first is not.
     */
    private boolean changesNothing(int token, String text) {
        int[] twice = Arrays.copyOf(window, window.length + 1);
        twice[window.length] = token;
        return decode.apply(twice).equals(text);
    }

    private String piece(String text, int end) {
        if (end <= given) {
            return "";
        }
        String piece = text.substring(given, end);
        given = end;
        return piece;
    }

    private static int completeEnd(String text) {
        int end = text.length();
        while (end > 0 && text.charAt(end - 1) == INCOMPLETE) {
            end--;
        }
        return end;
    }
}
