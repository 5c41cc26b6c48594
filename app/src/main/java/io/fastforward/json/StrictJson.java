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
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.OneLine;
import java.util.stream.Collectors;

/**
 * Records as JSON, checked as they are read: every component must be there, once, of its type, and not null unless it
 * says so with {@link JsonSetter}; there must be nothing else.
 */
public final class StrictJson {

    /** The state of an agent for a model of a hundred layers has some 100 MB. */
    public static final int LARGEST = 1 << 30;

    public static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(LARGEST)
                            .build())
                    .build())
            .enable(SerializationFeature.INDENT_OUTPUT)
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
}
