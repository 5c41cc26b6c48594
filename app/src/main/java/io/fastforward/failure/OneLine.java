package io.fastforward.failure;

/** Makes text from a hostile file fit for one line of an error message. */
public final class OneLine {

    private static final int LONGEST = 160;

    private OneLine() {}

    /** The text with control characters replaced, and cut if it is long. */
    public static String of(String text) {
        String cut = text.length() <= LONGEST ? text : text.substring(0, LONGEST) + "…";
        StringBuilder line = new StringBuilder(cut.length());
        cut.codePoints().forEach(c -> line.appendCodePoint(isPlain(c) ? c : PlainText.REPLACEMENT));
        return line.toString();
    }

    private static boolean isPlain(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }
}
