package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.List;

/**
 * A search between two batches: all that it takes to go on, with the same results as if it had not stopped.
 *
 * @param version of this format
 * @param settings of the search; a search goes on with the same ones alone
 * @param episodes how many are done
 * @param agent what {@link io.fastforward.spi.search.PolicyAgent#save()} returned; also the warm start of another search
 * @param trials how many are recorded, those of the last round included
 * @param candidates those among which the last round chooses; none before it
 * @param evaluated every policy evaluated at full fidelity, or in the last round, the dense one included, in order
 * @param evaluations trials executed so far
 * @param savedEvaluations trials that were not executed because an equal one had been
 * @param cost of the trials: tokens times the share of layers that they passed
 */
public record SearchState(
        int version,
        SearchSettings settings,
        int episodes,
        byte[] agent,
        int trials,
        List<Policy> candidates,
        List<Evaluated> evaluated,
        int evaluations,
        int savedEvaluations,
        double cost) {

    /** The version of the format that this release reads and writes. */
    public static final int VERSION = 3;

    /**
     * A policy and its losses.
     *
     * @param policy the policy
     * @param losses on the first windows, in their order, lower is better; may be not finite
     */
    public record Evaluated(Policy policy, List<Double> losses) {

        public Evaluated {
            losses = List.copyOf(losses);
        }
    }

    public SearchState {
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "the format has version " + version + ", but this release reads " + VERSION);
        }
        if (episodes < 0
                || episodes > settings.episodes()
                || trials < (candidates.isEmpty() ? episodes : 0)
                || evaluations < 0
                || savedEvaluations < 0
                || !(cost >= 0)) {
            throw new IllegalArgumentException("bad counts: " + episodes + " of " + settings.episodes() + " episodes, "
                    + trials + " trials, " + evaluations + " evaluations, " + savedEvaluations + " saved, at a cost of "
                    + cost);
        }
        int windows = Math.max(settings.windows(), settings.finalistWindows());
        if (evaluated.stream()
                .anyMatch(known -> known.losses().isEmpty() || known.losses().size() > windows)) {
            throw new IllegalArgumentException(
                    "a policy was evaluated on none or more than the " + windows + " windows");
        }
        agent = agent.clone();
        candidates = List.copyOf(candidates);
        evaluated = List.copyOf(evaluated);
    }
}
