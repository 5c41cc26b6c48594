package io.fastforward.batch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.fastforward.failure.Setting;
import io.fastforward.settings.PruneSettings;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Where a setting stands among those of a run, such as {@code budget.sparsity}. Options of plugins have names with dots:
 * {@code plugins.options.agent.batch}.
 *
 * @param names from the outside in
 */
record SettingPath(List<String> names) {

    private static final String OPTIONS = Setting.PLUGIN_OPTIONS.path() + ".";

    /** That of a text. */
    static SettingPath of(String text) {
        return text.startsWith(OPTIONS)
                ? new SettingPath(List.of("plugins", "options", text.substring(OPTIONS.length())))
                : new SettingPath(List.of(text.split("\\.", -1)));
    }

    /** Whether there is such a setting, or group of settings. */
    boolean exists() {
        JsonNode at = PruneSettings.DEFAULT.toJson();
        for (int i = 0; i < names.size(); i++) {
            if (isOptions(i)) {
                return names.size() == i + 1;
            }
            at = at.path(names.get(i));
        }
        return !at.isMissingNode() && !names.equals(List.of("recipe"));
    }

    /** Whether the name at a place is that of an option of a plugin. */
    private boolean isOptions(int place) {
        return place == 2 && names.subList(0, 2).equals(List.of("plugins", "options"));
    }

    /** As people write it. */
    @Override
    public String toString() {
        return String.join(".", names);
    }

    /** A value as people read it. */
    static String shown(JsonNode value) {
        return value.isTextual() ? value.asText() : value.toString();
    }

    /** Settings with nothing but this one. */
    ObjectNode with(JsonNode value) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        ObjectNode at = root;
        for (String name : names.subList(0, names.size() - 1)) {
            at = at.putObject(name);
        }
        at.set(
                names.getLast(),
                isOptions(names.size() - 1) && value.isValueNode() ? new TextNode(value.asText()) : value);
        return root;
    }

    /** The settings that stand in some, each with its value as people read it, in their order. */
    static Map<String, String> leaves(ObjectNode settings) {
        Map<String, String> leaves = new LinkedHashMap<>();
        collect("", settings, leaves);
        return leaves;
    }

    private static void collect(String at, JsonNode value, Map<String, String> leaves) {
        if (value instanceof ObjectNode group && (at.isEmpty() || !group.isEmpty())) {
            group.properties()
                    .forEach(one ->
                            collect(at.isEmpty() ? one.getKey() : at + "." + one.getKey(), one.getValue(), leaves));
        } else {
            leaves.put(at, shown(value));
        }
    }
}
