package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Setting;
import io.fastforward.settings.WindowSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
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

    @Option(
            names = "--reward-windows",
            paramLabel = "N",
            description = "Windows on which candidates are compared; default: ${bundle:default.windows.reward}.")
    private @Nullable Integer reward;

    @Option(
            names = "--finalist-windows",
            paramLabel = "N",
            description = "Windows on which finalists are compared; default: four times the reward windows.")
    private @Nullable Integer finalists;

    @Option(
            names = "--evaluation-windows",
            paramLabel = "N",
            description = "Most windows that figures are reported on; default: ${bundle:default.windows.evaluation}.")
    private @Nullable Integer evaluation;

    @Option(names = "--window-starts", paramLabel = "FILE", description = WindowStarts.DESCRIPTION)
    private @Nullable Path starts;

    /** @param length tokens of a window, if the user says so */
    WindowSettings settings(WindowSettings base, @Nullable Integer length) {
        // 0 stands for a default in the settings, and is no number of windows or tokens that a user can mean.
        if (length != null) {
            Setting.WINDOW_LENGTH.requireAtLeast(2, length);
        }
        if (finalists != null) {
            Setting.FINALIST_WINDOWS.requireAtLeast(1, finalists);
        }
        return new WindowSettings(
                requireNonNullElse(length, base.length()),
                requireNonNullElse(scoring, base.scoring()),
                requireNonNullElse(repair, base.repair()),
                requireNonNullElse(reward, base.reward()),
                requireNonNullElse(finalists, base.finalists()),
                requireNonNullElse(evaluation, base.evaluation()),
                starts == null ? base.starts() : WindowStarts.read(starts));
    }
}
