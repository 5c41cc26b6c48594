package io.fastforward.json;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Our own records as JSON, read strictly: every component must be there, once, of its type, and not null unless it says
 * so with {@link JsonSetter}; and nothing else. Numbers that are not finite are the strings "NaN", "Infinity" and
 * "-Infinity". Reading throws Jackson's exceptions, since only the caller knows what a file is for.
 */
public final class StrictJson {

    /** The state of an agent for a model of a hundred layers has some 100 MB, as one text: the longest that is read. */
    public static final int LARGEST = 1 << 30;

    /** Writes one line. */
    public static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(LARGEST)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .disable(MapperFeature.AUTO_DETECT_IS_GETTERS) // what a record computes is no part of it
            .defaultSetterInfo(JsonSetter.Value.forValueNulls(Nulls.FAIL, Nulls.FAIL))
            .build();

    private StrictJson() {}

    /** One line. */
    public static String line(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw notWritable(value, e);
        }
    }

    /** Lines for people, indented, without one at the end; they end with a line feed on every system. */
    public static String pretty(Object value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter()
                    .writeValueAsString(value)
                    .replace("\r\n", "\n");
        } catch (JsonProcessingException e) {
            throw notWritable(value, e);
        }
    }

    /** Reads a record in one piece of text. */
    public static <T> T read(String json, Class<T> type) throws JsonProcessingException {
        return present(MAPPER.readValue(json, type), type);
    }

    /** Reads a record that is the whole of a file. */
    public static <T> T read(byte[] json, Class<T> type) throws IOException {
        return present(MAPPER.readValue(json, type), type);
    }

    /** Where and why something could not be read, in one line. */
    public static String reason(JsonProcessingException e) {
        String where = e instanceof JsonMappingException mapping
                ? mapping.getPath().stream().map(StrictJson::step).collect(Collectors.joining("/"))
                : "";
        String what = e.getCause() instanceof RuntimeException problem && problem.getMessage() != null
                ? problem.getMessage()
                : e.getOriginalMessage().replaceFirst("(?s)( \\(index \\d+\\))?; `.*", ""); // what stands in the code
        return (where.isEmpty() ? "" : OneLine.of(where) + ": ") + OneLine.of(what);
    }

    private static String step(JsonMappingException.Reference reference) {
        return reference.getFieldName() == null ? String.valueOf(reference.getIndex()) : reference.getFieldName();
    }

    private static <T> T present(@Nullable T value, Class<T> type) throws JsonProcessingException {
        if (value == null) {
            throw MismatchedInputException.from(null, type, "null stands in place of all");
        }
        return value;
    }

    private static IllegalStateException notWritable(Object value, JsonProcessingException cause) {
        return new IllegalStateException("cannot write " + value.getClass().getSimpleName() + " as JSON", cause);
    }
}
