package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Setting;
import io.fastforward.settings.WindowSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How many windows each purpose sees. */
final class WindowOptions {

    @Option(
            names = "--scoring-windows",
            paramLabel = "N",
            description = "Windows for scoring; default: ${bundle:default.windows.scoring}.")
    private @Nullable Integer scoring;

    @Option(
            names = "--repair-windows",
            paramLabel = "N",
            description = "Windows for calibration; default: ${bundle:default.windows.repair}.")
    private @Nullable Integer repair;

    @Mixin
    private RewardWindowOptions rewards;

    @Option(
            names = "--evaluation-windows",
            paramLabel = "N",
            description = "Most windows that figures are reported on; default: ${bundle:default.windows.evaluation}.")
    private @Nullable Integer evaluation;

    @Option(names = "--window-starts", paramLabel = "FILE", description = WindowStarts.DESCRIPTION)
    private @Nullable Path starts;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    WindowOptions() {}

    /** @param length tokens of a window, if the user says so */
    WindowSettings settings(WindowSettings base, @Nullable Integer length) {
        // 0 stands for a default in the settings, and is no length that a user can mean.
        if (length != null) {
            Setting.WINDOW_LENGTH.requireAtLeast(2, length);
        }
        return new WindowSettings(
                requireNonNullElse(length, base.length()),
                requireNonNullElse(scoring, base.scoring()),
                requireNonNullElse(repair, base.repair()),
                rewards.reward(base.reward()),
                rewards.finalists(base.finalists()),
                requireNonNullElse(evaluation, base.evaluation()),
                starts == null ? base.starts() : WindowStarts.read(starts));
    }
}
