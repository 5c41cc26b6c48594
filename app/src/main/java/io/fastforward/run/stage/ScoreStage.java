package io.fastforward.run.stage;

import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.LayerScores;
import io.fastforward.prune.ScoringPass;
import io.fastforward.record.ProbeRecord;
import io.fastforward.record.StageSource;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.tokenizer.TokenWindows;

/**
 * Ranks the units of every module by what a criterion makes of them, and tries the modules, if that is wanted.
 *
 * @param id name of the criterion
 * @param wanted what is measured of them
 * @param shared where another run may have done it
 * @param probing where modules are tried
 */
public record ScoreStage(
        RunContext run, String id, ScoringPass.Wanted wanted, StageSource<UnitRanking> shared, Probing probing) {

    private static final String PASS = "scoring";

    /** The ranking, the best unit of each module first; from the record if it is there. */
    public UnitRanking execute(TokenWindows windows) {
        UnitRanking ranking = run.record().ranking(run.spec()).orElseGet(() -> {
            UnitRanking made = shared.orMade(run.progress(), () -> make(windows));
            run.record().saveRanking(made);
            return made;
        });
        run.record().probing().delete();
        run.record().pass().delete(PASS);
        return ranking;
    }

    private UnitRanking make(TokenWindows windows) {
        if (wanted.probes().isEmpty()) {
            return score(windows);
        }
        UnitRanking scored = run.record()
                .probing()
                .scored(run.spec(), run.progress())
                .orElseGet(() -> {
                    UnitRanking made = score(windows);
                    run.record().probing().saveScored(made);
                    run.record().pass().delete(PASS);
                    return made;
                });
        return scored.with(new ProbeStage(run, probing).execute(scored));
    }

    private UnitRanking score(TokenWindows windows) {
        ModelSpec spec = run.spec();
        boolean asStored = spec.equals(run.model().spec());
        WeightSource weights = asStored ? run.model() : new NestedModel(spec, run.model(), NestedOrder.ofSource(spec));
        ScoringPass pass = new ScoringPass(run.backend(), run.algebra(), spec, weights, wanted, run.scoringMemory());
        ProbeRecord repaired = run.record().probing();
        FinishedLayers<LayerScores> finished =
                run.record().pass().open(PASS, LayerScores.class, pass.shape(windows, repaired), 0, run.progress());
        run.progress().begin("Scoring units with " + id, spec.layers().size(), finished.end());
        UnitRanking ranking = pass.run(
                run.model().ends(),
                windows,
                repaired,
                finished,
                layers -> run.progress().advance(layers, "layers"));
        run.progress().end("sorted the units of " + ranking.modules().size() + " modules");
        return ranking;
    }
}
