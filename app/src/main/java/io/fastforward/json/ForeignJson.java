package io.fastforward.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;

/** JSON that other programs have written: anything may stand in it, and Python writes NaN and Infinity. */
public final class ForeignJson {

    private ForeignJson() {}

    /**
     * Reads one value, after which nothing may follow. Safe for many threads.
     *
     * @param limits the most that a hostile file can make us keep
     */
    public static JsonMapper mapper(StreamReadConstraints limits) {
        return JsonMapper.builder(JsonFactory.builder()
                        .streamReadConstraints(limits)
                        .disable(JsonFactory.Feature.INTERN_FIELD_NAMES) // interned keys would outlive the file
                        .build())
                .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
    }
}
