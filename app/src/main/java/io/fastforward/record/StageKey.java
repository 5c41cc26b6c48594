package io.fastforward.record;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.json.StrictJson;
import java.nio.charset.StandardCharsets;

/**
 * What the result of a stage depends on: two runs whose keys are equal get equal results, so one of them may take the other's.
 *
 * @param stage what it makes, in letters and hyphens
 * @param inputs all that it depends on; the order of the names counts
 */
public record StageKey(String stage, ObjectNode inputs) {

    public StageKey {
        if (!stage.matches("[a-z-]+")) {
            throw new IllegalArgumentException("a stage is called '" + stage + "', expected letters and hyphens");
        }
        inputs = inputs.deepCopy(); // it can be changed
    }

    /** By which it is known: the SHA-256 of all of it. */
    public String hash() {
        return FileHash.sha256((stage + StrictJson.line(inputs)).getBytes(StandardCharsets.UTF_8));
    }

    /** The file in which its result lies. */
    String fileName() {
        return stage + "-" + hash().substring(0, 32) + ".json";
    }
}
