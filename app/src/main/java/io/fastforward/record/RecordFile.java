package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A JSON file of a run's record that the result depends on. Its second line is the SHA-256 of all others, and the third
 * names the run that it belongs to, so that neither a damaged file nor one of another run is taken for what this run
 * has finished. What {@code sed 2d FILE | sha256sum} prints is what stands in the second line.
 *
 * <p>A checksum keeps off accidents, not people who compute a new one. So everything is checked as it is
 * {@linkplain StrictJson read}.
 */
final class RecordFile {

    private static final String CHECKSUM = "sha256";
    private static final String RUN = "run";
    private static final Pattern ENVELOPE = Pattern.compile("\\{\n  \"sha256\" : \"([0-9a-f]{64})\",\n");

    private RecordFile() {}

    /** What to write for a record of some run. */
    static byte[] bytes(String run, Object contents) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        document.put(RUN, run);
        document.setAll((ObjectNode) StrictJson.MAPPER.valueToTree(contents));
        String text = StrictJson.pretty(document);
        String rest = text.substring(text.indexOf('\n') + 1);
        return ("{\n  \"" + CHECKSUM + "\" : \"" + checksum(rest) + "\",\n" + rest).getBytes(StandardCharsets.UTF_8);
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

    /**
     * A file that must have some size.
     *
     * @throws Failure of kind {@link FailureKind#BAD_RECORD} if it has another one
     */
    static MemorySegment map(Path file, long bytes, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() != bytes) {
                throw damaged(file, "it has " + channel.size() + " bytes, but should have " + bytes, null);
            }
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena);
        } catch (IOException e) {
            throw ReadFailure.of(file, e);
        }
    }

    /** The failure that tells of a damaged record. */
    static Failure damaged(Path file, String what, @Nullable Throwable cause) {
        return FailureKind.BAD_RECORD.failure(
                "'" + file + "' is damaged: " + what + "; start the run anew, with another " + Setting.RUN_DIRECTORY
                        + " or after you have deleted this one",
                cause);
    }

    private static <T> T value(Path file, ObjectNode document, Class<T> type) {
        try {
            return StrictJson.MAPPER.treeToValue(document, type);
        } catch (JsonProcessingException e) {
            throw damaged(file, StrictJson.reason(e), e);
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
            if (StrictJson.MAPPER.readTree("{\n" + rest) instanceof ObjectNode document) {
                return document;
            }
            throw damaged(file, "it is not a JSON object", null);
        } catch (JsonProcessingException e) {
            throw damaged(file, StrictJson.reason(e), e);
        }
    }

    private static String text(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(StrictJson.LARGEST + 1);
            if (bytes.length > StrictJson.LARGEST) {
                throw damaged(file, "it has more than " + StrictJson.LARGEST + " bytes", null);
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw FailureKind.BAD_RECORD.failure(
                    "'" + file + "' cannot be read: " + Reason.of(e) + "; make it readable, or start the run anew with"
                            + " another " + Setting.RUN_DIRECTORY,
                    e);
        }
    }

    /** Over the file without its second line. */
    private static String checksum(String rest) {
        return FileHash.sha256(("{\n" + rest).getBytes(StandardCharsets.UTF_8));
    }
}
