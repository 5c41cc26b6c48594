package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An object of a file, of which every name has to be known.
 *
 * @param tree knows the lines
 * @param object what is in it
 * @param file relative paths begin in its directory
 */
record Section(LocatedTree tree, ObjectNode object, Path file) {

    static final String RECIPE = "recipe";

    /**
     * An object of which only some names may be there.
     *
     * @throws Failure of kind {@link FailureKind#USAGE}, as all of this class, with the line, if another one is
     */
    static Section of(LocatedTree tree, ObjectNode object, Path file, Set<String> known) {
        object.properties().forEach(one -> {
            if (!known.contains(one.getKey())) {
                throw tree.failure(
                        one.getValue(),
                        "'" + OneLine.of(one.getKey()) + "' is not known here; there are "
                                + String.join(", ", known.stream().sorted().toList()));
            }
        });
        return new Section(tree, object, file);
    }

    Optional<String> text(String name) {
        return value(name).map(value -> text(name, value));
    }

    private String text(String name, JsonNode value) {
        if (!value.isTextual() || value.asText().isBlank()) {
            throw tree.failure(value, "'" + name + "' must be a text");
        }
        return value.asText();
    }

    /** A path; one that is not absolute begins at the file. */
    Optional<Path> path(String name) {
        return value(name).map(value -> path(name, value));
    }

    Path path(String name, JsonNode value) {
        try {
            return file.toAbsolutePath().resolveSibling(text(name, value)).normalize();
        } catch (InvalidPathException e) {
            throw tree.failure(value, "'" + name + "' is not a path: " + OneLine.of(e.getReason()));
        }
    }

    /** A whole number that is greater than 0. */
    Optional<Integer> count(String name) {
        return value(name).map(value -> {
            if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
                throw tree.failure(value, "'" + name + "' must be a whole number, at least 1");
            }
            return value.intValue();
        });
    }

    Optional<ObjectNode> group(String name) {
        return value(name).map(value -> {
            if (value instanceof ObjectNode group) {
                return group;
            }
            throw tree.failure(value, "'" + name + "' must hold names and values");
        });
    }

    /** The elements of a list, at least one. */
    List<JsonNode> list(String name) {
        return value(name).map(value -> elements(name, value)).orElse(List.of());
    }

    private List<JsonNode> elements(String name, JsonNode value) {
        if (!value.isArray() || value.isEmpty()) {
            throw tree.failure(value, "'" + name + "' must be a list of at least one");
        }
        List<JsonNode> elements = new ArrayList<>();
        value.forEach(element -> {
            if (elements.contains(element)) {
                throw tree.failure(element, "'" + name + "' has " + OneLine.of(element.toString()) + " twice");
            }
            elements.add(element);
        });
        return elements;
    }

    /** For settings, by their paths, the values that they are to have. */
    Map<SettingPath, List<JsonNode>> values(String name) {
        Map<SettingPath, List<JsonNode>> values = new LinkedHashMap<>();
        group(name)
                .ifPresent(group -> group.properties().forEach(one -> {
                    SettingPath path = SettingPath.of(one.getKey());
                    if (!path.exists()) {
                        throw tree.failure(one.getValue(), "there is no setting '" + OneLine.of(one.getKey()) + "'");
                    }
                    values.put(path, elements(one.getKey(), one.getValue()));
                }));
        return values;
    }

    /**
     * Settings, nested, and perhaps a recipe to begin with; numbers that are options of plugins become the texts that they are
     * elsewhere.
     */
    ObjectNode settings(String name) {
        ObjectNode given = group(name).orElseGet(object::objectNode);
        requireSettings(List.of(), given);
        ObjectNode settings = given.deepCopy();
        if (settings.path("plugins").path("options") instanceof ObjectNode options) {
            options.properties().forEach(one -> {
                if (one.getValue().isValueNode()) {
                    one.setValue(options.textNode(one.getValue().asText()));
                }
            });
        }
        return settings;
    }

    private void requireSettings(List<String> at, ObjectNode settings) {
        settings.properties().forEach(one -> {
            List<String> names = new ArrayList<>(at);
            names.add(one.getKey());
            if (!new SettingPath(names).exists() && !names.equals(List.of(RECIPE))) {
                throw tree.failure(
                        one.getValue(),
                        "there is no setting '" + OneLine.of(String.join(".", names)) + "'; the command 'recipes NAME'"
                                + " prints settings to begin with");
            }
            if (one.getValue() instanceof ObjectNode group) {
                requireSettings(names, group);
            }
        });
    }

    Optional<JsonNode> value(String name) {
        return Optional.ofNullable(object.get(name));
    }
}
