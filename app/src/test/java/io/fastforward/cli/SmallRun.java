package io.fastforward.cli;

import io.fastforward.testing.DemoModel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The command line of a small run on the demo model, of which single options can be replaced. Immutable. */
record SmallRun(Path model, Map<String, String> options, List<String> more) {

    static SmallRun into(Path output) {
        Map<String, String> options = new LinkedHashMap<>();
        options.put("--output", output.toString());
        options.put("--sparsity", "0.3");
        options.put(
                "--calibration",
                DemoModel.directory().resolve("calibration.txt").toString());
        options.put("--text-unit", "line");
        options.put("--window", "32");
        options.put("--scoring-windows", "4");
        options.put("--repair-windows", "40");
        options.put("--reward-windows", "2");
        options.put("--evaluation-windows", "4");
        options.put("--agent", "ppo");
        options.put("--episodes", "10");
        return new SmallRun(DemoModel.directory(), options, List.of("--option", "agent.batch=5"));
    }

    SmallRun of(Path otherModel) {
        return new SmallRun(otherModel, options, more);
    }

    SmallRun with(String option, Object value) {
        Map<String, String> changed = new LinkedHashMap<>(options);
        changed.put(option, value.toString());
        return new SmallRun(model, changed, more);
    }

    SmallRun without(String option) {
        Map<String, String> changed = new LinkedHashMap<>(options);
        changed.remove(option);
        return new SmallRun(model, changed, more);
    }

    /** For other plugins than the default ones. */
    SmallRun withoutPluginOptions() {
        return new SmallRun(model, options, List.of());
    }

    SmallRun and(String... arguments) {
        List<String> all = new ArrayList<>(more);
        all.addAll(List.of(arguments));
        return new SmallRun(model, options, all);
    }

    CommandRun run() {
        List<String> arguments = new ArrayList<>(List.of("prune", model.toString()));
        options.forEach((option, value) -> arguments.addAll(List.of(option, value)));
        arguments.addAll(more);
        return CommandRun.of(arguments.toArray(String[]::new));
    }
}
