package io.fastforward.run.stage;

import io.fastforward.report.TimeSpan;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * About how long a run will take from its beginning to its end, as far as that is known before it starts.
 *
 * @param seconds of each stage, by what people call it
 */
public record TimePlan(SequencedMap<String, Double> seconds) {

    public TimePlan {
        seconds = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(seconds));
    }

    /** Of the whole run. */
    public double total() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    /** One line for the user; stages of which nobody would notice are left out. */
    public String describe() {
        List<String> stages = new ArrayList<>();
        for (Map.Entry<String, Double> stage : seconds.entrySet()) {
            if (stage.getValue() >= 0.5) {
                stages.add(TimeSpan.of(stage.getValue()) + " for " + stage.getKey());
            }
        }
        return "Time: about " + TimeSpan.of(Math.max(1, total())) + " on this machine"
                + (stages.isEmpty() ? "" : ": " + String.join(", ", stages));
    }
}
