package io.fastforward.checkpoint;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.json.ForeignJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads the small JSON files of a checkpoint. What a hostile one can make us keep is bounded: its size, its nesting, the
 * length of what is in it, and the number of its values, each of which costs many times its bytes.
 */
final class JsonFile {

    /** An index of the largest public models has some 10 MB. */
    private static final long LARGEST = 64 << 20;

    /** Keys, values and brackets; an index of the largest public models has some 300,000. */
    private static final int MOST_TOKENS = 1_000_000;

    /** How Jackson's message on a key that occurs twice begins; the key and a quotation mark follow. */
    private static final String TWICE = "Duplicate field '";

    private static final int LONGEST_NAME = 10_000;
    private static final int LONGEST_STRING = 4 << 20;
    private static final int DEEPEST = 100;

    private static final JsonMapper JSON = ForeignJson.mapper(StreamReadConstraints.builder()
                    .maxNestingDepth(DEEPEST)
                    .maxNameLength(LONGEST_NAME)
                    .maxStringLength(LONGEST_STRING)
                    .maxTokenCount(MOST_TOKENS)
                    .build())
            .rebuild()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
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
            byte[] contents = Files.readAllBytes(path);
            Optional<ForeignContents> foreign = ForeignContents.of(contents);
            if (foreign.isPresent()) {
                throw foreign.get().failure(path, "JSON");
            }
            JsonNode node = JSON.readTree(contents);
            if (!node.isObject()) {
                throw damaged(path, "it does not hold a JSON object", null);
            }
            return node;
        } catch (JsonProcessingException e) {
            if (e.getOriginalMessage().startsWith(TWICE)) {
                String key = e.getOriginalMessage().substring(TWICE.length()).replaceFirst("'$", "");
                throw FailureKind.BAD_CHECKPOINT.failure(
                        "'" + path + "' has the key '" + OneLine.of(key) + "' twice; remove the one that does not hold",
                        e);
            }
            throw damaged(path, OneLine.of(e.getOriginalMessage()), e);
        } catch (IOException e) {
            throw ReadFailure.of(path, e);
        }
    }

    private static Failure damaged(Path path, String what, @Nullable Throwable cause) {
        return FailureKind.BAD_CHECKPOINT.failure(
                "'" + path + "' is not valid: " + what + "; download it again", cause);
    }
}
