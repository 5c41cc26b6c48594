package io.fastforward.failure;

import java.util.stream.Collectors;

/**
 * Makes text that came from files, plugins or drivers fit to be shown: on a terminal an escape sequence in it could clear
 * the screen, set the title or hide what follows, and controls of writing direction could make a line say something else
 * than it does.
 */
public final class PlainText {

    /** What stands for a character that cannot be shown. */
    public static final char REPLACEMENT = '\uFFFD';

    /** Messages have some hundred characters; what a hostile file adds to them is cut. */
    private static final int LONGEST_LINE = 2_000;

    /** What a cut line keeps of its end, where messages say what to do. */
    private static final int KEPT_END = 400;

    private PlainText() {}

    /** The text with every character that is not {@linkplain #isPlain plain} replaced. Line ends and tabs stay. */
    public static String of(String text) {
        StringBuilder plain = new StringBuilder(text.length());
        text.codePoints().forEach(c -> plain.appendCodePoint(isPlain(c) ? c : REPLACEMENT));
        return plain.toString();
    }

    /** The text as one plain line; cut in the middle if it is very long. */
    public static String line(String text) {
        String line = of(
                text.lines().map(String::strip).filter(part -> !part.isEmpty()).collect(Collectors.joining(" ")));
        if (line.length() <= LONGEST_LINE) {
            return line;
        }
        String start = line.substring(0, LONGEST_LINE - KEPT_END);
        String end = line.substring(line.length() - KEPT_END);
        return of(start + " … (" + (line.length() - LONGEST_LINE) + " characters left out) … "
                + end); // a pair may be cut
    }

    /**
     * Whether a character does nothing but appear. Joiners and marks that scripts and emoji need are plain, controls of
     * a terminal and of writing direction are not.
     */
    public static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL -> codePoint == '\n' || codePoint == '\t';
            case Character.SURROGATE, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            case Character.FORMAT -> !isDirectional(codePoint) && codePoint < 0xE0000; // tags, which nothing shows
            default -> true;
        };
    }

    private static boolean isDirectional(int codePoint) {
        return (codePoint >= 0x202A && codePoint <= 0x202E) || (codePoint >= 0x2066 && codePoint <= 0x206F);
    }
}
