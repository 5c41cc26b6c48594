package io.fastforward.run.stage;

import io.fastforward.forward.Decoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.List;

/**
 * Evaluates trials of a workload: each candidate retains leading units of the model.
 *
 * @param decoder of the workload's model, with its units in the workload's order
 */
public record RewardEvaluator(Decoder decoder, Workload workload) implements TrialExecutor.Evaluator {

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        try (ObjectiveTrial trial = new ObjectiveTrial(decoder, workload, batch)) {
            double[] costs = evaluate(decoder, trial, 0, batch.candidates());
            costs[0] += trial.denseCost();
            return trial.results(costs);
        }
    }

    /**
     * Passes what a trial takes through the layers.
     *
     * @param first index of the first of the candidates in the trial
     * @return what that takes of each
     */
    static double[] evaluate(Decoder decoder, ObjectiveTrial trial, int first, List<Policy> candidates) {
        double[] costs = new double[candidates.size()];
        for (int i = 0; i < trial.inputs().size(); i++) {
            int input = i;
            double[] some = decoder.visit(
                    trial.inputs().get(input),
                    candidates,
                    (policy, firstWindow, part, states) ->
                            trial.add(first + policy, input, firstWindow, part, states, decoder.head()));
            for (int candidate = 0; candidate < costs.length; candidate++) {
                costs[candidate] += some[candidate];
            }
        }
        return costs;
    }
}
