package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.nested.UnitRanking;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.SharedStages;
import io.fastforward.record.StageSource;
import io.fastforward.report.Variant;
import io.fastforward.run.stage.RunContext;
import java.util.Optional;

/**
 * Where the stages of a run find what other runs have made.
 *
 * @param shared by those runs; empty: the run stands alone
 * @param keys what results depend on
 * @param plan of the run
 */
record StageSources(Optional<SharedStages> shared, StageKeys keys, RunPlan plan) {

    /** Those of a run. */
    static StageSources of(Optional<SharedStages> shared, RunPlan plan, RunContext run, PluginRegistry plugins) {
        StageKeys keys = new StageKeys(
                run.record().model(),
                run.backend().device(),
                Devices.linearAlgebra(plugins).id(),
                Versions.current());
        return new StageSources(shared, keys, plan);
    }

    /** Of the units' ranking by a criterion. */
    StageSource<UnitRanking> ranking(PluginIdentity criterion, ScoringPass.Wanted wanted) {
        return shared.map(stages -> stages.source(
                        keys.ranking(
                                criterion,
                                plan.attentionUnit(),
                                wanted,
                                plan.windows().scoring()),
                        UnitRanking.class,
                        ranking -> requireWanted(ranking, wanted)))
                .orElse(StageSource.none());
    }

    /**
     * Of the whole model's figures.
     *
     * @param questions hash of the file of questions, if any are asked
     * @param mostQuestions how many of them at most
     */
    StageSource<Variant> dense(UnitRanking ranking, Optional<FileHash> questions, int mostQuestions) {
        return shared.map(stages -> stages.source(
                        keys.dense(ranking, plan, questions, mostQuestions),
                        Variant.class,
                        figures -> StageKeys.requireDense(figures, plan)))
                .orElse(StageSource.none());
    }

    private void requireWanted(UnitRanking ranking, ScoringPass.Wanted wanted) {
        ranking.requireFits(plan.spec());
        if (ranking.errors().isEmpty() == wanted.errors()
                || ranking.probes().isEmpty() == wanted.probes().isPresent()) {
            throw new IllegalArgumentException("it has other measures than were wanted");
        }
    }
}
