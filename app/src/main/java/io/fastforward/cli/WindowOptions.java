package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.WindowSettings;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How many windows each purpose sees. */
@OptionHeading("Texts and figures")
final class WindowOptions {

    @Mixin
    private MeasuringWindowOptions measuring;

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

    /** @param length tokens of a window */
    WindowSettings settings(WindowSettings base, int length) {
        return new WindowSettings(
                length,
                measuring.scoring(base),
                measuring.repair(base),
                rewards.reward(base.reward()),
                rewards.finalists(base.finalists()),
                requireNonNullElse(evaluation, base.evaluation()),
                starts == null ? base.starts() : WindowStarts.read(starts));
    }
}
