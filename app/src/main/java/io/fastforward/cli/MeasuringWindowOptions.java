package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.settings.WindowSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many windows modules are measured on. */
@OptionHeading("Texts and figures")
final class MeasuringWindowOptions {

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

    int scoring(WindowSettings base) {
        return requireNonNullElse(scoring, base.scoring());
    }

    int repair(WindowSettings base) {
        return requireNonNullElse(repair, base.repair());
    }
}
