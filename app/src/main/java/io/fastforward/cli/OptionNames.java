package io.fastforward.cli;

import io.fastforward.failure.Setting;
import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** How the command line calls what a user can set, now and until the next release. */
final class OptionNames {

    /** Names of the release before, which are accepted for this one. */
    private static final Map<String, String> OLD = Map.of(
            "--skip-layers", "--keep-layers",
            "--calibration-windows", "--scoring-windows",
            "--target", "--repair-target");

    private OptionNames() {}

    /** A message with options where it speaks of settings. */
    static String in(String message) {
        return Setting.named(message, OptionNames::of);
    }

    /** The option for a setting. */
    static String of(Setting setting) {
        return switch (setting) {
            case TEXT_UNIT -> "--text-unit";
            case TEXT_FORMAT -> "--text-format";
            case TEXT_FIELD -> "--text-field";
            case WINDOW_LENGTH -> "--window";
            case SCORING_WINDOWS -> "--scoring-windows";
            case REPAIR_WINDOWS -> "--repair-windows";
            case REWARD_WINDOWS -> "--reward-windows";
            case FINALIST_WINDOWS -> "--finalist-windows";
            case EVALUATION_WINDOWS -> "--evaluation-windows";
            case CRITERION -> "--criterion";
            case AGENT -> "--agent";
            case CALIBRATOR -> "--calibrator";
            case EXECUTOR -> "--executor";
            case PLUGIN_OPTIONS -> "--option";
            case SPARSITY -> "--sparsity";
            case ATTENTION -> "--attention";
            case MINIMUM_RETENTION -> "--min-retention";
            case WIDTH_MULTIPLE -> "--round";
            case KEPT_LAYERS -> "--keep-layers";
            case TARGET_RUNTIME -> "--target-runtime";
            case MAPPING -> "--mapping";
            case SCHEDULE -> "--schedule";
            case RAMP -> "--ramp";
            case EPISODES -> "--episodes";
            case FINALISTS -> "--finalists";
            case CALIBRATION_TARGET -> "--repair-target";
            case FORMAT -> "--format";
            case DATA_TYPE -> "--dtype";
            case SHARD_SIZE -> "--shard-size";
            case SEED -> "--seed";
            case CALIBRATION_TEXT -> "--calibration";
            case EVALUATION_TEXT -> "--evaluation";
            case TEXT -> "--text";
            case TASKS -> "--tasks";
            case MOST_TASKS -> "--most-tasks";
            case WARM_START -> "--warm-start";
            case OUTPUT -> "--output";
            case RUN_DIRECTORY -> "--run-dir";
            case RESUME -> "--resume";
            case THREADS -> "--threads";
            case MEMORY -> "--memory";
            case MOST_WINDOWS -> "--windows";
            case REPEAT -> "--repeat";
            case PROMPT -> "--prompt";
            case MOST_TOKENS -> "--max-tokens";
            case TEMPERATURE -> "--temperature";
            case TOP_P -> "--top-p";
        };
    }

    /** Makes a command accept the old names of its options, without listing them. */
    static void acceptOld(CommandSpec command) {
        OLD.forEach((old, name) -> {
            OptionSpec option = command.findOption(name);
            if (option != null) {
                command.addOption(
                        OptionSpec.builder(option).names(old).hidden(true).build());
            }
        });
    }

    /** Tells a user of old names the new ones. */
    static void note(ParseResult parsed, PrintWriter err) {
        for (OptionSpec option : parsed.matchedOptions()) {
            String name = OLD.get(option.longestName());
            if (name != null) {
                err.println("Note: " + option.longestName() + " is called " + name
                        + " now; the old name will not be accepted for long");
            }
        }
    }
}
