package io.fastforward.search;

import java.util.List;

/**
 * What happened in an episode.
 *
 * @param episode counted from 0
 * @param batch counted from 0
 * @param targetSparsity the sparsity that the schedule asked for
 * @param sparsity the sparsity of the policy, not below the target
 * @param windows on how many windows it was evaluated
 * @param retained retained units of each module
 * @param scores the raw scores that the agent proposed
 * @param loss lower is better; may be not finite
 * @param reward what the agent was told
 * @param cached whether an equal trial had been evaluated before
 */
public record TrialRecord(
        int episode,
        int batch,
        double targetSparsity,
        double sparsity,
        int windows,
        List<Integer> retained,
        List<Double> scores,
        double loss,
        double reward,
        boolean cached) {

    public TrialRecord {
        retained = List.copyOf(retained);
        scores = List.copyOf(scores);
    }
}
