package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Setting;
import io.fastforward.json.StrictJson;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;

/**
 * What a run of some command was: enough to say whether another one should give the same result. A run may change its device, so that
 * the failure of one does not cost what is finished; then all of them are named.
 *
 * @param format always "fastforward-run"
 * @param command what it was a run of
 * @param id of this run, by which its record's files know that they belong together
 * @param settings the user's settings, nested
 * @param model hashes of the checkpoint's files
 * @param files hashes of the other files that determine the result, such as the texts, by their role
 * @param device the backend, with its versions, that finished the run, or works on it
 * @param earlierDevices those that worked on it before, in this order
 * @param plugins the plugins that served, by kind: id and where it came from
 * @param versions of FastForward, the contract and Java, and the operating system
 * @param started when the run began, UTC
 */
public record Manifest(
        String format,
        String command,
        String id,
        ObjectNode settings,
        List<FileHash> model,
        Map<String, FileHash> files,
        String device,
        List<String> earlierDevices,
        Map<String, String> plugins,
        Map<String, String> versions,
        String started) {

    static final String FORMAT = "fastforward-run";

    private static final String EXECUTOR = "executor";

    public Manifest {
        settings = settings.deepCopy(); // it can be changed
        model = List.copyOf(model);
        files = sorted(files);
        earlierDevices = List.copyOf(earlierDevices);
        plugins = sorted(plugins);
        versions = sorted(versions);
    }

    /** That of a run that begins now; its parameters are as the components. */
    public static Manifest begin(
            String command,
            ObjectNode settings,
            List<FileHash> model,
            Map<String, FileHash> files,
            String device,
            Map<String, String> plugins,
            Map<String, String> versions) {
        String id = UUID.randomUUID().toString();
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        return new Manifest(
                FORMAT, command, id, asRead(settings), model, files, device, List.of(), plugins, versions, now);
    }

    /** The same run, on which another device goes on. */
    Manifest on(String other) {
        List<String> earlier = new ArrayList<>(earlierDevices);
        earlier.add(device);
        return new Manifest(format, command, id, settings, model, files, other, earlier, plugins, versions, started);
    }

    /** Numbers as they come back from a file, where nobody knows whether they were long. */
    private static ObjectNode asRead(ObjectNode settings) {
        try {
            return StrictJson.read(settings.toString(), ObjectNode.class);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("settings that were written cannot be read", e);
        }
    }

    /**
     * The first thing in which a run that is to be resumed differs from this one; empty if none. The device may be another one,
     * and where candidates are evaluated: on like machines that has no influence on what comes out.
     */
    String differenceTo(Manifest other) {
        if (!format.equals(other.format)) {
            return "the format";
        }
        if (!command.equals(other.command)) {
            return "the command (then " + command + ", now " + other.command + ")";
        }
        if (!model.equals(other.model)) {
            return "the model's files";
        }
        if (!files.equals(other.files)) {
            return "the file for: " + differingKey(files, other.files);
        }
        ObjectNode own = withoutExecutor(settings);
        ObjectNode others = withoutExecutor(other.settings);
        if (!own.equals(others)) {
            return settingsDifference("", own, others);
        }
        if (!withoutExecutor(plugins).equals(withoutExecutor(other.plugins))) {
            return "the plugins (then " + plugins + ", now " + other.plugins + ")";
        }
        if (!versions.equals(other.versions)) {
            return "the versions (then " + versions + ", now " + other.versions + ")";
        }
        return "";
    }

    private static ObjectNode withoutExecutor(ObjectNode settings) {
        ObjectNode rest = settings.deepCopy();
        if (rest.path("plugins") instanceof ObjectNode chosen) {
            chosen.remove(EXECUTOR);
            if (chosen.path("options") instanceof ObjectNode options) {
                List<String> names = new ArrayList<>();
                options.fieldNames().forEachRemaining(names::add);
                names.stream().filter(name -> name.startsWith(EXECUTOR + ".")).forEach(options::remove);
            }
        }
        return rest;
    }

    private static Map<String, String> withoutExecutor(Map<String, String> plugins) {
        Map<String, String> rest = new TreeMap<>(plugins);
        rest.remove(EXECUTOR);
        return rest;
    }

    /** Sorted, because a map is written to files in its own order. */
    private static <T> Map<String, T> sorted(Map<String, T> map) {
        return Collections.unmodifiableMap(new TreeMap<>(map));
    }

    private static String differingKey(Map<String, FileHash> then, Map<String, FileHash> now) {
        Set<String> roles = new TreeSet<>(then.keySet());
        roles.addAll(now.keySet());
        return roles.stream()
                .filter(role -> !Objects.equals(then.get(role), now.get(role)))
                .findFirst()
                .orElseThrow();
    }

    /** The first setting that differs, by its path. */
    private static String settingsDifference(String path, JsonNode then, JsonNode now) {
        Set<String> names = new LinkedHashSet<>();
        then.fieldNames().forEachRemaining(names::add);
        now.fieldNames().forEachRemaining(names::add);
        for (String name : names) {
            JsonNode before = then.path(name);
            JsonNode after = now.path(name);
            if (!before.equals(after)) {
                String at = path.isEmpty() ? name : path + "." + name;
                return before.isObject() && after.isObject() && !at.equals(Setting.PLUGIN_OPTIONS.path())
                        ? settingsDifference(at, before, after)
                        : "the setting " + Setting.at(at) + " (then " + shown(before) + ", now " + shown(after) + ")";
            }
        }
        throw new IllegalStateException("records that are not equal differ in a component");
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "not there" : value.toString();
    }
}
