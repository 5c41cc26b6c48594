package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.settings.PluginSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who scores, searches, repairs and evaluates. */
final class PluginOptions {

    @Option(
            names = "--criterion",
            paramLabel = "ID",
            description = "Scores units; default: ${bundle:default.plugins.criterion}.")
    private @Nullable String criterion;

    @Option(
            names = "--agent",
            paramLabel = "ID",
            description = "Searches the policy; default: ${bundle:default.plugins.agent}.")
    private @Nullable String agent;

    @Option(
            names = "--calibrator",
            paramLabel = "ID",
            description = "Repairs modules; default: ${bundle:default.plugins.calibrator}.")
    private @Nullable String calibrator;

    @Option(
            names = "--executor",
            paramLabel = "ID",
            description = "Evaluates candidates; default: ${bundle:default.plugins.executor}.")
    private @Nullable String executor;

    @Option(
            names = "--option",
            paramLabel = "KIND.NAME=VALUE",
            description = "A plugin's option, such as agent.learning-rate=3e-4; the command 'plugins' lists them.")
    private List<String> options = List.of();

    PluginSettings settings(PluginSettings base) {
        Map<String, String> all = new HashMap<>(base.options());
        all.putAll(given());
        return new PluginSettings(
                requireNonNullElse(criterion, base.criterion()),
                requireNonNullElse(agent, base.agent()),
                requireNonNullElse(calibrator, base.calibrator()),
                requireNonNullElse(executor, base.executor()),
                all);
    }

    private Map<String, String> given() {
        Map<String, String> values = new HashMap<>();
        for (String option : options) {
            int equals = option.indexOf('=');
            if (equals < 1) {
                throw usage(option + ": expected KIND.NAME=VALUE, such as agent.learning-rate=3e-4");
            }
            String name = option.substring(0, equals);
            if (values.put(name, option.substring(equals + 1)) != null) {
                throw usage(name + " should be specified only once");
            }
        }
        return values;
    }

    private static Failure usage(String problem) {
        return FailureKind.USAGE.failure(Setting.PLUGIN_OPTIONS + " " + problem);
    }
}
