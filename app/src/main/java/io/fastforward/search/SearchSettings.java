package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;

/**
 * What a search is to do.
 *
 * @param episodes how many candidates the agent may propose, at least 1
 * @param seed of the choice of windows; the agent has a seed of its own
 * @param sparsity share of the decoder layers' linear parameters to remove, in (0, 1)
 * @param mapping from scores to policies
 * @param schedule the curricula
 * @param windows windows of the reward text that make full fidelity, at least 1
 * @param finalists how many of the best candidates are compared at the end, at least 1
 * @param finalistWindows windows on which finalists are compared, at least {@code windows}. If it is more, the winner
 *     is less likely to be the one that merely fits the windows of the search.
 */
public record SearchSettings(
        int episodes,
        long seed,
        double sparsity,
        PolicyMapping mapping,
        Schedule schedule,
        int windows,
        int finalists,
        int finalistWindows) {

    public SearchSettings {
        require(episodes >= 1, "the number of episodes must be at least 1, but is " + episodes);
        require(
                sparsity > 0 && sparsity < 1,
                "the sparsity must be between 0 and 1, both excluded, but is " + sparsity);
        require(windows >= 1, "the number of reward windows must be at least 1, but is " + windows);
        require(finalists >= 1, "the number of finalists must be at least 1, but is " + finalists);
        require(
                finalistWindows >= windows,
                "finalists must be compared on at least as many windows as the search uses, " + windows + ", but "
                        + finalistWindows + " were asked for");
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw new Failure(FailureKind.USAGE, message);
        }
    }
}
