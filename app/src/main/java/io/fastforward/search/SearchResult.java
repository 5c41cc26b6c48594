package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.List;

/**
 * The outcome of a search.
 *
 * @param winner the best finalist
 * @param finalists all finalists, the best first
 * @param denseLoss of the dense model on the windows on which the winner was compared
 * @param episodes how many candidates the agent proposed
 * @param evaluations trials executed
 * @param savedEvaluations trials that were not executed because an equal one had been
 * @param cost of the trials: tokens times the share of layers that they passed
 */
public record SearchResult(
        Finalist winner,
        List<Finalist> finalists,
        double denseLoss,
        int episodes,
        int evaluations,
        int savedEvaluations,
        double cost) {

    /** Where a finalist comes from. */
    public enum Origin {
        /** One of the best candidates of the search. */
        CANDIDATE,
        /** The agent's best guess at the end. */
        AGENT,
        /** What was likely to be good before the search. */
        PRIOR,
        /** The same retention everywhere: what a search must not be worse than. */
        UNIFORM
    }

    /**
     * A policy of the last round.
     *
     * @param policy the policy
     * @param origin where it comes from
     * @param windows on how many it was compared with the others: fewer, if it was dropped before the end
     * @param loss on these windows, lower is better; may be not finite
     * @param reward what it is worth, {@link Reward#BROKEN} if the loss is not finite
     */
    public record Finalist(Policy policy, Origin origin, int windows, double loss, double reward) {}

    public SearchResult {
        finalists = List.copyOf(finalists);
    }
}
