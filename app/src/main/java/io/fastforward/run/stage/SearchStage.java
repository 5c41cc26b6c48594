package io.fastforward.run.stage;

import io.fastforward.record.PruneResult;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SearchOutcome;
import io.fastforward.report.Progress;
import io.fastforward.report.VariantTable;
import io.fastforward.search.Budget;
import io.fastforward.search.PolicySearch;
import io.fastforward.search.Reward;
import io.fastforward.search.SearchListener;
import io.fastforward.search.SearchResult;
import io.fastforward.search.SearchSettings;
import io.fastforward.search.SearchState;
import io.fastforward.search.SearchTask;
import io.fastforward.search.TrialRecord;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.TrialExecutor;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Searches the policy, or goes on with a search that was interrupted.
 *
 * @param record where what is done of it goes, and stands
 * @param progress is told how far it is
 * @param budget what a policy has to meet
 * @param settings what the search is to do
 * @param agentId who proposes policies
 */
public record SearchStage(RunRecord record, Progress progress, Budget budget, SearchSettings settings, String agentId) {

    /** The winner of a search that the record holds to its end; says so. */
    public Optional<SearchOutcome> finished() {
        Optional<SearchOutcome> earlier = record.searchOutcome(budget, settings.sparsity());
        earlier.ifPresent(outcome -> progress.note("The search is complete; taking its result from the record."));
        return earlier;
    }

    /**
     * The winner; from the record if it is there.
     *
     * @param prior policies that are likely to be good
     * @param executors makes what evaluates trials, if any are left
     */
    public SearchOutcome execute(List<Policy> prior, PolicyAgent agent, Supplier<TrialExecutor> executors) {
        Optional<SearchOutcome> earlier = finished();
        if (earlier.isPresent()) {
            return earlier.get();
        }
        Optional<SearchState> saved = record.searchState();
        record.keepTrials(saved.map(SearchState::episodes).orElse(0))
                .ifPresent(missing -> progress.note("Warning: " + missing));
        saved.ifPresent(state -> progress.note("Resuming after episode " + state.episodes()));
        progress.begin("Searching with " + agentId, Math.min(settings.episodes(), agent.episodeLimit()));
        try (TrialExecutor executor = executors.get()) {
            PolicySearch search = new PolicySearch(
                    new SearchTask(settings, budget, prior),
                    agent,
                    executor,
                    Reward.PERPLEXITY_RATIO,
                    new Recorder(record, progress));
            SearchResult found = saved.isPresent() ? search.resume(saved.get()) : search.run();
            SearchOutcome outcome = new SearchOutcome(found.winner().policy(), summary(found));
            record.saveSearchOutcome(outcome);
            progress.end(String.format(
                    Locale.ROOT,
                    "perplexity %s on the reward windows (dense %s), %d evaluations",
                    VariantTable.significant(Math.exp(found.winner().loss())),
                    VariantTable.significant(Math.exp(found.denseLoss())),
                    found.evaluations()));
            return outcome;
        }
    }

    private static PruneResult.SearchSummary summary(SearchResult found) {
        return new PruneResult.SearchSummary(
                found.episodes(),
                found.evaluations(),
                found.savedEvaluations(),
                found.winner().origin().name().toLowerCase(Locale.ROOT),
                Math.exp(found.winner().loss()),
                Math.exp(found.denseLoss()));
    }

    /** Keeps the record of a search on disk and tells how far it is. */
    private static final class Recorder implements SearchListener {

        private final RunRecord record;
        private final Progress progress;
        private double best = Double.NEGATIVE_INFINITY;

        Recorder(RunRecord record, Progress progress) {
            this.record = record;
            this.progress = progress;
        }

        @Override
        public void onBatch(List<TrialRecord> trials, SearchState state) {
            record.saveBatch(trials, state);
            TrialRecord last = trials.getLast();
            best = trials.stream().mapToDouble(TrialRecord::reward).max().orElse(best);
            progress.advance(
                    state.episodes(),
                    String.format(
                            Locale.ROOT,
                            "episodes, sparsity %.3f on %d windows, best reward %.4f",
                            last.targetSparsity(),
                            last.windows(),
                            best));
        }
    }
}
