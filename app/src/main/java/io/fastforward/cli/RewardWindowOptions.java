package io.fastforward.cli;

import static java.util.Objects.requireNonNullElse;

import io.fastforward.failure.Setting;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many windows a search sees. */
@OptionHeading("Search")
final class RewardWindowOptions {

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

    boolean given() {
        return reward != null || finalists != null;
    }

    int reward(int base) {
        return requireNonNullElse(reward, base);
    }

    int finalists(int base) {
        // 0 stands for a default in the settings, and is no number of windows that a user can mean.
        if (finalists != null) {
            Setting.FINALIST_WINDOWS.requireAtLeast(1, finalists);
        }
        return requireNonNullElse(finalists, base);
    }
}
