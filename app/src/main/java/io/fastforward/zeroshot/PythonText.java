package io.fastforward.zeroshot;

import java.util.Locale;

/** What methods of Python's strings do that Java's do otherwise: white space is another set of characters. */
final class PythonText {

    private PythonText() {}

    /** {@code str.strip()}. */
    static String stripped(String text) {
        return strippedRight(strippedLeft(text));
    }

    /** {@code str.lstrip()}. */
    static String strippedLeft(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    /** {@code str.rstrip()}. */
    static String strippedRight(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    /** {@code str.capitalize()}, but for the few letters whose capital is two. */
    static String capitalized(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        String lower = text.toLowerCase(Locale.ROOT);
        int skipped = Character.toString(first).toLowerCase(Locale.ROOT).length();
        return Character.toString(Character.toTitleCase(first)) + lower.substring(skipped);
    }

    /** {@code str.isspace()} of one character; all of these are in the basic plane. */
    private static boolean isSpace(char c) {
        return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == '\u0085';
    }
}
