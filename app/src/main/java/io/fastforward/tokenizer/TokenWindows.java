package io.fastforward.tokenizer;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Token sequences of equal length, cut from a text.
 *
 * @param length tokens of a window, at least 1
 * @param count number of windows
 * @param tokens {@code count × length} token ids, window after window; not copied, must not be changed
 */
public record TokenWindows(int length, int count, int[] tokens) {

    public TokenWindows {
        if (length < 1 || count < 0 || (long) count * length != tokens.length) {
            throw new IllegalArgumentException(
                    count + " windows of " + length + " tokens do not make " + tokens.length + " tokens");
        }
    }

    /**
     * Windows that follow each other from the start of a text; what is left at its end is dropped.
     *
     * @param ids the tokens of the text
     * @param limit how many windows at most
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if the text is shorter than one window
     */
    public static TokenWindows consecutive(int[] ids, int length, int limit) {
        checkLongEnough(ids, length);
        IntStream windows = IntStream.range(0, Math.min(ids.length / length, limit));
        return cut(ids, length, windows.map(window -> window * length));
    }

    /**
     * Windows that begin anywhere in a text, each start as likely as any other; they may overlap. The same seed gives
     * the same windows.
     *
     * @param ids the tokens of the text
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if the text is shorter than one window
     */
    public static TokenWindows random(int[] ids, int length, int count, long seed) {
        checkLongEnough(ids, length);
        return cut(ids, length, new SplittableRandom(seed).ints(count, 0, ids.length - length + 1));
    }

    /**
     * Windows that begin at some tokens of a text.
     *
     * @param ids the tokens of the text
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if one does not lie in it
     */
    public static TokenWindows at(int[] ids, int length, List<Integer> starts) {
        checkLongEnough(ids, length);
        starts.forEach(start -> {
            if (start < 0 || start > ids.length - length) {
                throw FailureKind.BAD_TEXT.failure(Setting.WINDOW_STARTS + ": a window of " + length
                        + " tokens cannot begin at token " + start + " of a text of " + ids.length
                        + "; the last that it can begin at is " + (ids.length - length));
            }
        });
        return cut(ids, length, starts.stream().mapToInt(Integer::intValue));
    }

    /** One token. */
    public int token(int window, int position) {
        return tokens[Objects.checkIndex(window, count) * length + Objects.checkIndex(position, length)];
    }

    /** Some of the windows, in the order of the indexes; one may occur more than once. */
    public TokenWindows subset(int[] windowIndexes) {
        return cut(
                tokens, length, IntStream.of(windowIndexes).map(window -> Objects.checkIndex(window, count) * length));
    }

    /** The same for indexes in a list. */
    public TokenWindows subset(List<Integer> windowIndexes) {
        return subset(windowIndexes.stream().mapToInt(Integer::intValue).toArray());
    }

    private static TokenWindows cut(int[] source, int length, IntStream windowStarts) {
        int[] starts = windowStarts.toArray();
        int[] tokens = new int[Math.multiplyExact(starts.length, length)];
        for (int window = 0; window < starts.length; window++) {
            System.arraycopy(source, starts[window], tokens, window * length, length);
        }
        return new TokenWindows(length, starts.length, tokens);
    }

    private static void checkLongEnough(int[] ids, int length) {
        if (length < 1) {
            throw new IllegalArgumentException("a window has at least 1 token, but got " + length);
        }
        if (ids.length < length) {
            throw FailureKind.BAD_TEXT.failure("the text has " + ids.length + " tokens, but one window needs " + length
                    + "; give a longer text or " + Setting.WINDOW_LENGTH + " " + ids.length);
        }
    }
}
