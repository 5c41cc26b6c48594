package io.fastforward.search;

import java.util.List;

/**
 * What happened in a trial.
 *
 * @param trial counted from 0
 * @param stage whether it is an episode, or one of the finals
 * @param batch counted from 0; of the finals, the round
 * @param targetSparsity the sparsity that the schedule asked for
 * @param sparsity the sparsity of the policy, not below the target
 * @param windows on how many windows it was evaluated by now
 * @param retained retained units of each module
 * @param scores the raw scores that the agent proposed; none in the finals
 * @param loss the mean on these windows, lower is better; may be not finite
 * @param reward what the agent was told, or would have been
 * @param cached whether an equal trial had been evaluated before
 * @param cost tokens that passed layers for it, times the share of the layers that they passed
 */
public record TrialRecord(
        int trial,
        Stage stage,
        int batch,
        double targetSparsity,
        double sparsity,
        int windows,
        List<Integer> retained,
        List<Double> scores,
        double loss,
        double reward,
        boolean cached,
        double cost) {

    /** Parts of a search. */
    public enum Stage {
        /** An agent's proposal. */
        EPISODE,
        /** One of the policies among which the search chooses in the end. */
        FINALS
    }

    public TrialRecord {
        retained = List.copyOf(retained);
        scores = List.copyOf(scores);
    }
}
