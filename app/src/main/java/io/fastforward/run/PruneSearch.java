package io.fastforward.run;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.UnitRanking;
import io.fastforward.record.SearchOutcome;
import io.fastforward.run.stage.RepairStage;
import io.fastforward.run.stage.RepairedRewardEvaluator;
import io.fastforward.run.stage.RewardEvaluator;
import io.fastforward.run.stage.RunContext;
import io.fastforward.run.stage.SearchStage;
import io.fastforward.search.Budget;
import io.fastforward.search.Prior;
import io.fastforward.settings.PruneSettings;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.util.List;

/** The search of a pruning run: what it knows before, who proposes, and who evaluates. */
record PruneSearch(
        PruneRequest request, ServingPlugins serving, RunPlan plan, CandidateBackend candidates, RunContext run) {

    /**
     * What the search found.
     *
     * @param decoder of the nested model, in single precision
     * @param nested the model with its units in the order of the ranking
     * @param repair how candidates are repaired, if they are before they are evaluated
     * @param repaired the model that is repaired
     */
    SearchOutcome execute(
            Decoder decoder, NestedModel nested, UnitRanking ranking, RepairStage repair, NestedModel repaired) {
        if (!candidates.separate()) {
            return execute(decoder, ranking, repair, repaired);
        }
        RunContext evaluating = candidates.in(run);
        try (LayerSource layers = evaluating.layers(run.spec(), nested);
                Decoder own = evaluating.decoder(layers, run.model().ends())) {
            return execute(own, ranking, repair, repaired);
        }
    }

    private SearchOutcome execute(Decoder decoder, UnitRanking ranking, RepairStage repair, NestedModel repaired) {
        PruneSettings settings = request.settings();
        Budget budget = plan.budget();
        double sparsity = settings.budget().sparsity();
        List<Policy> prior = new Prior(budget, ranking.errors(), ranking.divergences()).policies(sparsity);
        PolicyAgent agent = serving.createAgent(
                budget.searchSpace(sparsity, ranking.unitScores(), ranking.errors(), prior),
                request.files().warmStart());
        Workload workload = plan.workload(
                request,
                run.record().model(),
                ranking.order(),
                candidates.backend().precision());
        TrialExecutor.Evaluator evaluator = switch (settings.search().rewardAfter()) {
            case CUT -> new RewardEvaluator(decoder, workload);
            case REPAIR -> new RepairedRewardEvaluator(run, decoder, repair, repaired, workload);
        };
        return new SearchStage(
                        run.record(),
                        run.progress(),
                        budget,
                        settings.forSearch(),
                        settings.plugins().agent(),
                        settings.search().reward(),
                        ranking.probingCost())
                .execute(
                        prior,
                        agent,
                        () -> serving.createExecutor(evaluator, request.compute(), run.progress(), workload));
    }
}
