package io.fastforward.batch;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.json.ForeignYaml;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import org.yaml.snakeyaml.error.MarkedYAMLException;

/**
 * A YAML or JSON file as a tree that knows its lines. Read strictly: one document, no name twice in an object, and nothing of
 * YAML that could stand for more than is written (anchors, aliases, tags). Whoever wants to know what is in it checks that.
 */
final class LocatedTree {

    private static final int LARGEST = 1 << 20;
    private static final int DEEPEST = 20;
    private static final StreamReadConstraints CONSTRAINTS = StreamReadConstraints.builder()
            .maxNestingDepth(DEEPEST)
            .maxDocumentLength(LARGEST)
            .build();

    private final Path file;
    private final IdentityHashMap<JsonNode, Integer> lines = new IdentityHashMap<>();

    private LocatedTree(Path file) {
        this.file = file;
    }

    /**
     * What was read.
     *
     * @param tree knows the lines of what is in the root
     */
    record Read(LocatedTree tree, ObjectNode root) {}

    /**
     * Reads a file; JSON if its name ends in {@code .json}, else YAML.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if it is none, {@link FailureKind#NOT_FOUND} if it cannot be read
     */
    static Read read(Path file) {
        LocatedTree tree = new LocatedTree(file);
        byte[] bytes = tree.bytes();
        try (JsonParser parser = factory(file).createParser(bytes)) {
            JsonToken first = parser.nextToken();
            if (first != JsonToken.START_OBJECT) {
                throw tree.failure(1, "it must begin with names and values, such as 'models: DIR'");
            }
            ObjectNode root = tree.object(parser);
            if (parser.nextToken() != null) {
                throw tree.failure(line(parser), "there is something behind its end; one document was expected");
            }
            return new Read(tree, root);
        } catch (JsonProcessingException e) {
            throw tree.problem(e);
        } catch (IOException e) {
            throw tree.failure(1, Reason.of(e));
        }
    }

    /** In a line: YAML's messages quote what is around a problem in several. */
    private Failure problem(JsonProcessingException e) {
        if (e.getCause() instanceof MarkedYAMLException yaml && yaml.getProblem() != null) {
            return failure(yaml.getProblemMark().getLine() + 1, OneLine.of(yaml.getProblem()));
        }
        int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
        return failure(line, OneLine.of(e.getOriginalMessage()));
    }

    private static JsonFactory factory(Path file) {
        if (String.valueOf(file.getFileName()).endsWith(".json")) {
            return JsonFactory.builder().streamReadConstraints(CONSTRAINTS).build();
        }
        return ForeignYaml.factory(CONSTRAINTS);
    }

    private byte[] bytes() {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw FailureKind.USAGE.failure(
                        "'" + file + "' has more than " + LARGEST + " bytes; expected a list of" + " runs");
            }
            return bytes;
        } catch (IOException e) {
            throw FailureKind.NOT_FOUND.failure("'" + file + "' cannot be read: " + Reason.of(e), e);
        }
    }

    /** A failure that names the line of what is wrong. */
    Failure failure(JsonNode where, String what) {
        return failure(lines.getOrDefault(where, 1), what);
    }

    private Failure failure(int line, String what) {
        return FailureKind.USAGE.failure("'" + file + "', line " + line + ": " + what);
    }

    private ObjectNode object(JsonParser parser) throws IOException {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            int line = line(parser);
            requirePlain(parser, line);
            String name = parser.currentName();
            parser.nextToken();
            if (object.has(name)) {
                throw failure(line, "'" + OneLine.of(name) + "' is there twice");
            }
            object.set(name, value(parser));
        }
        return object;
    }

    private ArrayNode array(JsonParser parser) throws IOException {
        ArrayNode array = JsonNodeFactory.instance.arrayNode();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            array.add(value(parser));
        }
        return array;
    }

    private JsonNode value(JsonParser parser) throws IOException {
        int line = line(parser);
        requirePlain(parser, line);
        JsonNode value = switch (parser.currentToken()) {
            case START_OBJECT -> object(parser);
            case START_ARRAY -> array(parser);
            case VALUE_STRING -> new TextNode(parser.getText());
            case VALUE_NUMBER_INT -> new BigIntegerNode(parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> new DoubleNode(parser.getDoubleValue());
            case VALUE_TRUE, VALUE_FALSE -> BooleanNode.valueOf(parser.getBooleanValue());
            default -> throw failure(line, "a value is missing");
        };
        lines.put(value, line);
        return value;
    }

    /** Nothing that stands for more than is written. */
    private void requirePlain(JsonParser parser, int line) throws IOException {
        if (parser instanceof YAMLParser yaml
                && (yaml.isCurrentAlias() || yaml.getObjectId() != null || yaml.getTypeId() != null)) {
            throw failure(line, "anchors (&), aliases (*) and tags (!) are not understood; write it out");
        }
    }

    private static int line(JsonParser parser) {
        return parser.currentTokenLocation().getLineNr();
    }
}
