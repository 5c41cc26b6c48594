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
 * @param evaluated every policy evaluated at full fidelity, the dense one included, in order
 * @param evaluations trials executed so far
 * @param savedEvaluations trials that were not executed because an equal one had been
 */
public record SearchState(
        int version,
        SearchSettings settings,
        int episodes,
        byte[] agent,
        List<Evaluated> evaluated,
        int evaluations,
        int savedEvaluations) {

    /** The version of the format that this release reads and writes. */
    public static final int VERSION = 2;

    /**
     * A policy and its result at full fidelity.
     *
     * @param policy the policy
     * @param loss lower is better; may be not finite
     */
    public record Evaluated(Policy policy, double loss) {}

    public SearchState {
        if (version != VERSION) {
            throw new IllegalArgumentException(
                    "the format has version " + version + ", but this release reads " + VERSION);
        }
        if (episodes < 0 || episodes > settings.episodes() || evaluations < 0 || savedEvaluations < 0) {
            throw new IllegalArgumentException("bad counts: " + episodes + " of " + settings.episodes() + " episodes, "
                    + evaluations + " evaluations, " + savedEvaluations + " saved");
        }
        agent = agent.clone();
        evaluated = List.copyOf(evaluated);
    }
}
