package io.fastforward.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.PlainText;
import java.util.Locale;

/** Results for programs. */
final class JsonOutput {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS) // what a record computes is no part of it
            .build();

    private JsonOutput() {}

    static String of(Object result) {
        try {
            return escaped(OptionNames.in(JSON.writeValueAsString(result)));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a result must be writable as JSON", e);
        }
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
