package io.fastforward.batch;

import io.fastforward.run.PruneRequest;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A run among others.
 *
 * @param model what the others call its model
 * @param name what tells it from the others on that model, with its settings
 * @param settings those in which it differs, by their paths, in the order in which people read them
 * @param request what it does
 */
public record PlannedRun(String model, String name, Map<String, String> settings, PruneRequest request) {

    public PlannedRun {
        settings = Collections.unmodifiableMap(new LinkedHashMap<>(settings));
    }

    /** For messages. */
    String label() {
        return model + " " + name
                + settings.entrySet().stream()
                        .map(one -> " " + one.getKey() + "=" + one.getValue())
                        .collect(Collectors.joining());
    }
}
