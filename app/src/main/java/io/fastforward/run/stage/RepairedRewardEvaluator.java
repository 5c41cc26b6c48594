package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.nested.NestedModel;
import io.fastforward.prune.LogitProbe;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.List;

/**
 * Evaluates trials by what becomes of a candidate in the end: cut, repaired layer by layer, and its layers applied to what
 * the objective looks at as they pass by. Takes a repair a candidate.
 *
 * @param decoder of the dense model
 * @param repair how candidates are repaired
 * @param nested the model that is repaired
 */
public record RepairedRewardEvaluator(
        RunContext run, Decoder decoder, RepairStage repair, NestedModel nested, Workload workload)
        implements TrialExecutor.Evaluator {

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        try (ObjectiveTrial trial = new ObjectiveTrial(decoder, workload, batch)) {
            double[] costs = new double[batch.candidates().size()];
            for (int i = 0; i < costs.length; i++) {
                costs[i] = evaluate(trial, i, batch.candidates().get(i));
            }
            costs[0] += trial.denseCost();
            return trial.results(costs);
        }
    }

    /** Returns what it takes. */
    private double evaluate(ObjectiveTrial trial, int index, Policy candidate) {
        if (candidate.equals(nested.spec().densePolicy())) {
            return RewardEvaluator.evaluate(decoder, trial, index, List.of(candidate))[0];
        }
        try (LogitProbe probe = new LogitProbe(
                run.backend(),
                run.model(),
                nested.pruned(candidate),
                repair.repair().dataType(),
                trial.inputs())) {
            repair.execute(nested, candidate, probe, layers -> {});
            probe.visit((input, windows, states, head) -> trial.add(index, input, 0, windows, states, head));
        } catch (Failure e) {
            if (e.kind() != FailureKind.NOT_FINITE) {
                throw e;
            }
            // A candidate that breaks the model is a bad one, not the end of the search.
            trial.broken(index);
        }
        return repair.tokens() + trial.tokens();
    }
}
