package io.fastforward.settings;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * Who scores, searches, repairs and evaluates.
 *
 * @param criterion id of the criterion
 * @param agent id of the agent
 * @param calibrator id of the calibrator
 * @param executor id of the trial executor
 * @param options the plugins' options, as {@code kind.name}
 */
public record PluginSettings(
        String criterion, String agent, String calibrator, String executor, Map<String, String> options) {

    /** What holds unless the user says otherwise. */
    public static final PluginSettings DEFAULT = new PluginSettings("wanda", "surrogate", "ridge", "local", Map.of());

    public PluginSettings {
        // Sorted, because a map is written to files in its own order.
        options = Collections.unmodifiableMap(new TreeMap<>(options));
    }
}
