package io.fastforward.cli;

import io.fastforward.settings.PluginSettings;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Who scores, searches, repairs and evaluates. */
@OptionHeading("Plugins")
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
        String itsCriterion = chosen("criterion", criterion, base.criterion(), all);
        String itsAgent = chosen("agent", agent, base.agent(), all);
        String itsCalibrator = chosen("calibrator", calibrator, base.calibrator(), all);
        String itsExecutor = chosen("executor", executor, base.executor(), all);
        all.putAll(OptionValues.of(options));
        return new PluginSettings(itsCriterion, itsAgent, itsCalibrator, itsExecutor, all);
    }

    /** Another plugin has no use for the options that were meant for the one in its place. */
    private static String chosen(String kind, @Nullable String given, String base, Map<String, String> options) {
        if (given == null || given.equals(base)) {
            return base;
        }
        options.keySet().removeIf(name -> name.startsWith(kind + "."));
        return given;
    }
}
