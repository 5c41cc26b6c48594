package io.fastforward.cli;

import io.fastforward.failure.PlainText;
import io.fastforward.json.StrictJson;
import java.util.Locale;

/** Results for programs. */
final class JsonOutput {

    private JsonOutput() {}

    static String of(Object result) {
        return escaped(OptionNames.in(StrictJson.pretty(result)));
    }

    /** The same JSON; characters that must not reach a terminal can only be within texts, and are written as escapes. */
    private static String escaped(String json) {
        StringBuilder escaped = new StringBuilder(json.length());
        json.codePoints().forEach(c -> {
            if (PlainText.isPlain(c) || c == '\r') {
                escaped.appendCodePoint(c);
            } else {
                for (char half : Character.toChars(c)) {
                    escaped.append(String.format(Locale.ROOT, "\\u%04x", (int) half));
                }
            }
        });
        return escaped.toString();
    }
}
