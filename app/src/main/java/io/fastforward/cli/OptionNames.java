package io.fastforward.cli;

import io.fastforward.failure.Setting;
import java.io.PrintWriter;
import java.util.Locale;
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

    /** The option for a setting: most are called alike. */
    static String of(Setting setting) {
        return switch (setting) {
            case WINDOW_LENGTH -> "--window";
            case PLUGIN_OPTIONS -> "--option";
            case MINIMUM_RETENTION -> "--min-retention";
            case WIDTH_MULTIPLE -> "--round";
            case KEPT_LAYERS -> "--keep-layers";
            case CALIBRATION_TARGET -> "--repair-target";
            case DATA_TYPE -> "--dtype";
            case CALIBRATION_TEXT -> "--calibration";
            case EVALUATION_TEXT -> "--evaluation";
            case RUN_DIRECTORY -> "--run-dir";
            case SHARE_AGENT -> "--agent";
            case MOST_WINDOWS -> "--windows";
            case MOST_TOKENS -> "--max-tokens";
            default -> "--" + setting.name().toLowerCase(Locale.ROOT).replace('_', '-');
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
            if (name != null && option.hidden()) { // another command may have one of that name
                err.println("Note: " + option.longestName() + " is called " + name
                        + " now; the old name will not be accepted for long");
            }
        }
    }
}
