package io.fastforward.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Reads the small JSON files of a checkpoint. */
final class JsonFile {

    /** An index of the largest public models has some 10 MB. */
    private static final long LARGEST = 64 << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS) // Python writes Infinity and NaN
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonFile() {}

    /**
     * The JSON object in a file that exists.
     *
     * @throws Failure of kind {@link FailureKind#BAD_CHECKPOINT} if it holds anything else
     */
    static JsonNode readObject(Path path) {
        try {
            if (Files.size(path) > LARGEST) {
                throw damaged(path, "it has more than " + LARGEST + " bytes", null);
            }
            JsonNode node = JSON.readTree(Files.readAllBytes(path));
            if (!node.isObject()) {
                throw damaged(path, "it does not hold a JSON object", null);
            }
            return node;
        } catch (JsonProcessingException e) {
            throw damaged(path, OneLine.of(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw new Failure(FailureKind.NOT_FOUND, "'" + path + "' cannot be read: " + Reason.of(e), e);
        }
    }

    private static Failure damaged(Path path, String what, @Nullable Throwable cause) {
        return new Failure(
                FailureKind.BAD_CHECKPOINT, "'" + path + "' is not valid: " + what + "; download it again", cause);
    }
}
