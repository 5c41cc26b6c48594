package io.fastforward.run.stage;

import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.ScoringPass;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.tokenizer.TokenWindows;

/**
 * Ranks the units of every module by what a criterion makes of them.
 *
 * @param criterion scores units
 * @param id its name
 * @param wanted what is measured beside
 */
public record ScoreStage(RunContext run, Criterion criterion, String id, ScoringPass.Wanted wanted) {

    /**
     * The ranking, the best unit of each module first; from the record if it is there.
     *
     * @param likely how many units each module is likely to keep
     */
    public UnitRanking execute(TokenWindows windows, Policy likely) {
        return run.record().ranking(run.spec()).orElseGet(() -> score(windows, likely));
    }

    private UnitRanking score(TokenWindows windows, Policy likely) {
        ModelSpec spec = run.spec();
        run.progress().begin("Scoring units with " + id, spec.layers().size());
        boolean asStored = spec.equals(run.model().spec());
        WeightSource weights = asStored ? run.model() : new NestedModel(spec, run.model(), NestedOrder.ofSource(spec));
        UnitRanking ranking = new ScoringPass(run.backend(), run.algebra(), spec, weights, criterion, likely, wanted)
                .run(run.model().ends(), windows, layers -> run.progress().advance(layers, "layers"));
        run.record().saveRanking(ranking);
        run.progress().end("sorted the units of " + ranking.modules().size() + " modules");
        return ranking;
    }
}
