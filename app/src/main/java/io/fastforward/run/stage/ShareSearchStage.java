package io.fastforward.run.stage;

import io.fastforward.model.Model;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.SparsePreview;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SearchOutcome;
import io.fastforward.report.Progress;
import io.fastforward.search.Budget;
import io.fastforward.search.InProcessTrialExecutor;
import io.fastforward.search.SearchSettings;
import io.fastforward.settings.RewardMix;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Searches how many zeros each module gets.
 *
 * @param record where what is done of it goes, and stands
 * @param progress is told how far it is
 * @param budget in which a unit is a step of {@link ModulePatterns#units}
 * @param settings what the search is to do
 * @param asked the pattern that there is to be in the mean
 * @param sparsifier sets the zeros of candidates
 * @param hiddenStateBytes memory for hidden states
 */
public record ShareSearchStage(
        RunRecord record,
        Progress progress,
        Budget budget,
        SearchSettings settings,
        Pattern asked,
        Sparsifier sparsifier,
        long hiddenStateBytes) {

    /**
     * The winner; from the record if it is there.
     *
     * @param candidates evaluates candidates, perhaps in another precision
     * @param agents makes the agent
     */
    public SearchOutcome execute(
            ComputeBackend backend,
            ComputeBackend candidates,
            LinearAlgebra algebra,
            Model model,
            RunWindows windows,
            String agentId,
            Function<SearchSpace, PolicyAgent> agents) {
        SearchStage search = new SearchStage(record, progress, budget, settings, agentId, RewardMix.PERPLEXITY, 0);
        Optional<SearchOutcome> earlier = search.finished();
        if (earlier.isPresent()) {
            return earlier.get();
        }
        progress.begin("Measuring for the search", model.spec().layers().size());
        try (SparsePreview preview = SparsePreview.measure(
                backend, algebra, model, sparsifier, windows.repair(), done -> progress.advance(done, "layers"))) {
            SearchSpace space =
                    budget.searchSpace(settings.sparsity(), preview.unitScores(asked), List.of(), List.of());
            progress.end("looked at " + budget.modules() + " modules");
            TrialExecutor.Evaluator evaluator =
                    new SparseRewardEvaluator(candidates, model, preview, asked, windows.reward(), hiddenStateBytes);
            return search.execute(List.of(), agents.apply(space), () -> new InProcessTrialExecutor(evaluator));
        }
    }
}
