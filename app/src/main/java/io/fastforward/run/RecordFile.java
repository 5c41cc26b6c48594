package io.fastforward.run;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A JSON file of a run's record that the result depends on. Its second line is the SHA-256 of all others, and the third
 * names the run that it belongs to, so that neither a damaged file nor one of another run is taken for what this run
 * has finished. What {@code sed 2d FILE | sha256sum} prints is what stands in the second line.
 *
 * <p>A checksum keeps off accidents, not people who compute a new one. So everything is checked as it is read: every
 * component of a record must be there, once, of its type, and not null unless it says so with {@link JsonSetter}.
 */
final class RecordFile {

    /** The state of an agent for a model of a hundred layers has some 100 MB. */
    private static final int LARGEST = 1 << 30;

    private static final String CHECKSUM = "sha256";
    private static final String RUN = "run";
    private static final Pattern ENVELOPE = Pattern.compile("\\{\n  \"sha256\" : \"([0-9a-f]{64})\",\n");

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
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

    private RecordFile() {}

    /** What to write for a record of some run. */
    static byte[] bytes(String run, Object contents) {
        ObjectNode document = JSON.createObjectNode();
        document.put(RUN, run);
        document.setAll((ObjectNode) JSON.valueToTree(contents));
        try {
            String text = JSON.writeValueAsString(document).replace("\r\n", "\n");
            String rest = text.substring(text.indexOf('\n') + 1);
            return ("{\n  \"" + CHECKSUM + "\" : \"" + checksum(rest) + "\",\n" + rest)
                    .getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("records must be writable as JSON", e);
        }
    }

    /**
     * Reads a record of some run.
     *
     * @throws Failure of kind {@link FailureKind#BAD_RECORD} if it is damaged or of another run
     */
    static <T> T read(Path file, String run, Class<T> type) {
        ObjectNode document = document(file);
        JsonNode owner = document.remove(RUN);
        if (owner == null || !run.equals(owner.textValue())) {
            throw damaged(file, "it belongs to another run", null);
        }
        return value(file, document, type);
    }

    /**
     * Reads a record, whatever run it is of.
     *
     * @throws Failure of kind {@link FailureKind#BAD_RECORD} if it is damaged
     */
    static <T> T read(Path file, Class<T> type) {
        ObjectNode document = document(file);
        document.remove(RUN);
        return value(file, document, type);
    }

    /** The failure that tells of a damaged record. */
    static Failure damaged(Path file, String what, @Nullable Throwable cause) {
        return new Failure(
                FailureKind.BAD_RECORD,
                "'" + file + "' is damaged: " + what + "; start the run anew, with another --run-dir or after you have"
                        + " deleted this one",
                cause);
    }

    private static <T> T value(Path file, ObjectNode document, Class<T> type) {
        try {
            return JSON.treeToValue(document, type);
        } catch (JsonProcessingException e) {
            throw damaged(file, reason(e), e);
        }
    }

    private static ObjectNode document(Path file) {
        String text = text(file);
        Matcher envelope = ENVELOPE.matcher(text);
        if (!envelope.lookingAt()) {
            throw damaged(file, "it does not begin with a checksum", null);
        }
        String rest = text.substring(envelope.end());
        if (!checksum(rest).equals(envelope.group(1))) {
            throw damaged(file, "its checksum is that of other contents", null);
        }
        try {
            if (JSON.readTree("{\n" + rest) instanceof ObjectNode document) {
                return document;
            }
            throw damaged(file, "it is not a JSON object", null);
        } catch (JsonProcessingException e) {
            throw damaged(file, reason(e), e);
        }
    }

    private static String text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw damaged(file, "it has more than " + LARGEST + " bytes", null);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "'" + file + "' cannot be read: " + Reason.of(e) + "; make it readable, or start the run anew with"
                            + " another --run-dir",
                    e);
        }
    }

    /** Over the file without its second line. */
    private static String checksum(String rest) {
        return FileHash.sha256(("{\n" + rest).getBytes(StandardCharsets.UTF_8));
    }

    /** Where and why, in one line. */
    private static String reason(JsonProcessingException e) {
        String where = e instanceof JsonMappingException mapping
                ? mapping.getPath().stream().map(RecordFile::step).collect(Collectors.joining("/"))
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
