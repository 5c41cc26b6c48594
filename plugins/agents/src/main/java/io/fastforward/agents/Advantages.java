package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent.Outcome;
import java.util.Arrays;
import java.util.List;

/** What proposals of a batch are worth beside each other. */
final class Advantages {

    /**
     * Rewards are ratios of perplexities, hence in (0, 1] or a little above. Worse ones mark broken models; how broken
     * tells nothing, and one such number must not drown the differences among the others.
     */
    private static final double WORST_REWARD = -1;

    private static final double BEST_REWARD = 2;

    private Advantages() {}

    /** The rewards, within what tells something. */
    static double[] rewards(List<Outcome> outcomes) {
        return outcomes.stream()
                .mapToDouble(outcome -> Math.clamp(outcome.reward(), WORST_REWARD, BEST_REWARD))
                .toArray();
    }

    /** Advantages with mean 0 and, unless they are all the same, variance 1. */
    static double[] normalized(double[] rewards, double value) {
        double[] advantages =
                Arrays.stream(rewards).map(reward -> reward - value).toArray();
        double mean = Arrays.stream(advantages).average().orElseThrow();
        double variance = Arrays.stream(advantages)
                .map(advantage -> (advantage - mean) * (advantage - mean))
                .average()
                .orElseThrow();
        double scale = 1 / (Math.sqrt(variance) + 1e-8); // equal rewards give 0 · 10⁸, not 0 / 0
        return Arrays.stream(advantages)
                .map(advantage -> (advantage - mean) * scale)
                .toArray();
    }

    /** For each reward how many are lower; an equal one, itself included, counts half. */
    static double[] ranks(double[] rewards) {
        return Arrays.stream(rewards)
                .map(reward -> Arrays.stream(rewards)
                        .map(other -> other < reward ? 1 : other == reward ? 0.5 : 0)
                        .sum())
                .toArray();
    }
}
