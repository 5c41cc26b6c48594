package io.fastforward.run.stage;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.nested.NestedModel;
import io.fastforward.prune.LogitProbe;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.tokenizer.TokenWindows;
import java.util.Arrays;
import java.util.List;

/**
 * Evaluates trials by what becomes of a candidate in the end: cut, repaired layer by layer, and its layers applied to the reward
 * windows as they pass by. Takes a repair a candidate.
 *
 * @param decoder of the dense model
 * @param repair how candidates are repaired
 * @param nested the model that is repaired
 * @param windows what they are evaluated on
 */
public record RepairedRewardEvaluator(
        RunContext run, Decoder decoder, RepairStage repair, NestedModel nested, RewardWindows windows)
        implements TrialExecutor.Evaluator {

    @Override
    public List<TrialExecutor.Result> evaluate(TrialBatch batch) {
        TokenWindows chosen = windows.choose(batch);
        return batch.candidates().stream()
                .map(candidate -> RewardEvaluator.result(logLikelihoods(candidate, chosen), chosen))
                .toList();
    }

    private double[] logLikelihoods(Policy candidate, TokenWindows chosen) {
        if (candidate.equals(nested.spec().densePolicy())) {
            return decoder.logLikelihoods(chosen, List.of(candidate)).getFirst();
        }
        try (LogitProbe probe = new LogitProbe(
                run.backend(),
                run.model(),
                nested.pruned(candidate),
                repair.repair().dataType(),
                chosen)) {
            repair.execute(nested, candidate, probe, layers -> {});
            return probe.logLikelihoods();
        } catch (Failure e) {
            if (e.kind() != FailureKind.NOT_FINITE) {
                throw e;
            }
            // A candidate that breaks the model is a bad one, not the end of the search.
            double[] nothing = new double[chosen.count() * chosen.length()];
            Arrays.fill(nothing, Double.NaN);
            return nothing;
        }
    }
}
