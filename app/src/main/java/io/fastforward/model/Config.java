package io.fastforward.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Reads a checkpoint's {@code config.json}, strictly: a value of the wrong kind is an error that names its key. */
final class Config {

    private static final int LARGEST_SIZE = 1 << 24; // no size in a config is near this; what is larger is damage

    /** Layers, heads, dimensions of a head: the product of two is an int, and so many layers fit into memory as data. */
    private static final int LARGEST_COUNT = 1 << 14;

    private final JsonNode root;

    /** A config without keys. */
    static final Config EMPTY = new Config(JsonNodeFactory.instance.objectNode());

    Config(JsonNode root) {
        this.root = root;
    }

    boolean has(String key) {
        return root.hasNonNull(key);
    }

    /** Whether the key is there, be it as null. */
    boolean states(String key) {
        return root.has(key);
    }

    /** Whether there is anything in a section, or in its place. */
    boolean hasEntries(String key) {
        return has(key) && !(root.path(key).isObject() && root.path(key).isEmpty());
    }

    /** Whether any of the values is a section. */
    boolean hasSections() {
        return root.properties().stream().anyMatch(entry -> entry.getValue().isObject());
    }

    Config section(String key) {
        JsonNode section = root.get(key);
        if (section == null || !section.isObject()) {
            throw malformed(key, "an object");
        }
        return new Config(section);
    }

    int size(String key) {
        return wholeNumber(root.get(key), key, 1, LARGEST_SIZE);
    }

    int size(String key, int defaultValue) {
        return has(key) ? size(key) : defaultValue;
    }

    /** A size for every layer, 0 if its module does nothing; where they are not listed, all have the same. */
    List<Integer> sizes(String key, int layers, int everywhere) {
        return has(key) ? wholeNumbers(key, layers, LARGEST_SIZE) : Collections.nCopies(layers, everywhere);
    }

    /** A number of layers, of heads, or of dimensions of a head. */
    int count(String key) {
        return wholeNumber(root.get(key), key, 1, LARGEST_COUNT);
    }

    int count(String key, int defaultValue) {
        return has(key) ? count(key) : defaultValue;
    }

    /** A number for every layer, 0 if its module does nothing; where they are not listed, all have the same. */
    List<Integer> counts(String key, int layers, int everywhere) {
        return has(key) ? wholeNumbers(key, layers, LARGEST_COUNT) : Collections.nCopies(layers, everywhere);
    }

    /** The index of a layer, or the number of all of them and more. */
    int layerIndex(String key, int defaultValue) {
        JsonNode node = root.get(key);
        if (!has(key)) {
            return defaultValue;
        }
        if (node == null || !node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 0) {
            throw malformed(key, "a whole number, at least 0");
        }
        return node.intValue();
    }

    /** A text for every layer, each of them one of those that are known. */
    List<String> texts(String key, int layers, Set<String> known) {
        JsonNode array = root.get(key);
        if (array == null || !array.isArray() || array.size() != layers) {
            throw malformed(key, "a list of " + layers + " texts");
        }
        List<String> texts = new ArrayList<>();
        for (JsonNode element : array) {
            if (!known.contains(element.asText())) {
                throw unsupported(
                        key + " has " + element + "; supported are: " + String.join(", ", new TreeSet<>(known)));
            }
            texts.add(element.asText());
        }
        return texts;
    }

    double number(String key) {
        JsonNode node = root.get(key);
        if (node == null || !node.isNumber() || !Double.isFinite(node.doubleValue()) || !(node.doubleValue() > 0)) {
            throw malformed(key, "a number greater than 0");
        }
        return node.doubleValue();
    }

    double number(String key, double defaultValue) {
        return has(key) ? number(key) : defaultValue;
    }

    /** As {@link #number(String, double)}, but null stands for no default, because transformers refuses it there. */
    double statedNumber(String key, double defaultValue) {
        return states(key) ? number(key) : defaultValue;
    }

    boolean flag(String key, boolean defaultValue) {
        if (!has(key)) {
            return defaultValue;
        }
        JsonNode node = root.get(key);
        if (!node.isBoolean()) {
            throw malformed(key, "true or false");
        }
        return node.booleanValue();
    }

    String text(String key, String defaultValue) {
        String text = text(key);
        return text == null ? defaultValue : text;
    }

    @Nullable
    String text(String key) {
        if (!has(key)) {
            return null;
        }
        JsonNode node = root.get(key);
        if (!node.isTextual()) {
            throw malformed(key, "a text");
        }
        return node.textValue();
    }

    private List<Integer> wholeNumbers(String key, int layers, int largest) {
        JsonNode array = root.get(key);
        if (array == null || !array.isArray() || array.size() != layers) {
            throw malformed(key, "a list of " + layers + " whole numbers");
        }
        List<Integer> numbers = new ArrayList<>();
        for (JsonNode element : array) {
            numbers.add(wholeNumber(element, key, 0, largest));
        }
        return numbers;
    }

    private int wholeNumber(@Nullable JsonNode node, String key, int smallest, int largest) {
        if (node == null || !node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < smallest) {
            throw malformed(key, smallest == 0 ? "whole numbers" : "a whole number greater than 0");
        }
        if (node.intValue() > largest) {
            throw malformed(key, "at most " + largest);
        }
        return node.intValue();
    }

    /** The failure of a config that is damaged or contradicts itself. */
    static Failure damaged(String what) {
        return FailureKind.BAD_CHECKPOINT.failure("config.json: " + what);
    }

    /** The failure of a config that asks for what is not computed here. */
    static Failure unsupported(String what) {
        return FailureKind.UNSUPPORTED_MODEL.failure("config.json: " + what);
    }

    private Failure malformed(String key, String expected) {
        String found = root.has(key) ? root.get(key).toString() : "missing";
        return damaged(key + " must be " + expected + ", but is "
                + (found.length() > 80 ? found.substring(0, 80) + "…" : found));
    }
}
