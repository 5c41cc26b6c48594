package io.fastforward.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Setting;
import io.fastforward.json.ForeignJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Reads texts from JSON lines: an object a line, of which one field is a text. */
final class JsonLines {

    /** A text may be as long as a file; deep nesting stays forbidden. */
    private static final JsonMapper JSON = ForeignJson.mapper(
            StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build());

    private static final Set<String> EXTENSIONS = Set.of(".jsonl", ".ndjson", ".json");

    /** How many of a record's fields a message lists. */
    private static final int FIELDS_LISTED = 10;

    private JsonLines() {}

    /** Whether a file should be read as JSON lines, going by its name and its first line. */
    static boolean recognises(TextSource source, String text) {
        return EXTENSIONS.stream().anyMatch(source.unpackedName()::endsWith)
                || text.lines()
                        .filter(line -> !line.isBlank())
                        .findFirst()
                        .filter(JsonLines::isObject)
                        .isPresent()
                || isJsonAsAWhole(text);
    }

    /**
     * The texts, record by record. Lines of white space alone are no records.
     *
     * @param field what holds the text
     * @param recognised whether nobody said that these are JSON lines
     * @throws Failure of kind {@link FailureKind#BAD_TEXT} if a line is no object, or has no such text; the message
     *     names the line
     */
    static List<String> read(TextSource source, String text, String field, boolean recognised) {
        String otherwise = recognised ? "; if the file is no JSON lines, say " + Setting.TEXT_FORMAT + " text" : "";
        List<String> texts = new ArrayList<>();
        int number = 0;
        for (Iterator<String> lines = text.lines().iterator(); lines.hasNext(); ) {
            String line = lines.next();
            number++;
            if (!line.isBlank()) {
                String where = "line " + number + " of " + source.describe();
                texts.add(text(object(source, text, line, where, otherwise), field, where, otherwise));
            }
        }
        return texts;
    }

    private static JsonNode object(TextSource source, String text, String line, String where, String otherwise) {
        @Nullable JsonNode node = null;
        String reason = "it is something else";
        try {
            node = JSON.readTree(line);
        } catch (JsonProcessingException e) {
            reason = OneLine.of(e.getOriginalMessage());
        }
        if (node == null || !node.isObject()) {
            String advice = isJsonAsAWhole(text)
                    ? "; make JSON lines of it: jq -c " + (text.stripLeading().startsWith("[") ? "'.[]' " : ". ")
                            + source.shellName() + " > out.jsonl"
                    : "";
            throw FailureKind.BAD_TEXT.failure(where + " is not one JSON object (" + reason
                    + "), expected one in every line" + advice + otherwise);
        }
        return node;
    }

    private static String text(JsonNode object, String field, String where, String otherwise) {
        @Nullable JsonNode value = object.get(field);
        if (value == null) {
            String fields = object.properties().stream()
                    .limit(FIELDS_LISTED)
                    .map(entry -> "'" + OneLine.of(entry.getKey()) + "'")
                    .collect(Collectors.joining(", "));
            throw FailureKind.BAD_TEXT.failure(where + " has no field '" + field + "'; "
                    + (fields.isEmpty() ? "it has none at all" : "it has " + fields)
                    + ": name the one with the text with " + Setting.TEXT_FIELD + otherwise);
        }
        if (!value.isTextual()) {
            throw FailureKind.BAD_TEXT.failure("the field '" + field + "' in " + where + " must be a text, but is "
                    + OneLine.of(value.toString()) + "; name another one with "
                    + Setting.TEXT_FIELD + ", or leave out that line" + otherwise);
        }
        return TextContents.requireWholeCharacters(value.textValue(), where);
    }

    private static boolean isObject(String line) {
        if (!line.stripLeading().startsWith("{")) {
            return false;
        }
        try {
            return JSON.readTree(line).isObject();
        } catch (StreamConstraintsException _) {
            return true; // too deep, say: reading will tell, and nobody wants it as prose
        } catch (JsonProcessingException _) {
            return false;
        }
    }

    /** Whether it is JSON, though perhaps not one object a line: an array of objects, or objects over several lines. */
    private static boolean isJsonAsAWhole(String text) {
        String start = text.stripLeading();
        if (!start.startsWith("{")
                && !(start.startsWith("[") && start.substring(1).stripLeading().startsWith("{"))) {
            return false;
        }
        try (JsonParser parser = JSON.createParser(start)) {
            while (parser.nextToken() != null) {
                parser.skipChildren();
            }
            return true;
        } catch (IOException _) {
            return false;
        }
    }
}
