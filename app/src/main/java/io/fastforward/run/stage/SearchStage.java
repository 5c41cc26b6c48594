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
import io.fastforward.settings.RewardMix;
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
 * @param reward what they are rewarded for
 * @param priorCost what it took to find out what was known before: tokens times the share of layers that they passed
 */
public record SearchStage(
        RunRecord record,
        Progress progress,
        Budget budget,
        SearchSettings settings,
        String agentId,
        RewardMix reward,
        double priorCost) {

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
        record.keepTrials(saved.map(SearchState::trials).orElse(0))
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
            progress.end(describe(outcome.summary()));
            return outcome;
        }
    }

    private PruneResult.SearchSummary summary(SearchResult found) {
        SearchResult.Finalist winner = found.winner();
        return new PruneResult.SearchSummary(
                found.episodes(),
                found.evaluations(),
                found.savedEvaluations(),
                found.cost(),
                priorCost,
                winner.origin().name().toLowerCase(Locale.ROOT),
                reward.toString(),
                winner.windows(),
                winner.loss(),
                found.denseLoss());
    }

    private static String describe(PruneResult.SearchSummary found) {
        String figures = found.reward().equals(RewardMix.PERPLEXITY.toString())
                ? String.format(
                        Locale.ROOT,
                        "perplexity %s on %d reward windows (dense %s)",
                        VariantTable.significant(Math.exp(found.loss())),
                        found.windows(),
                        VariantTable.significant(Math.exp(found.denseLoss())))
                : String.format(
                        Locale.ROOT,
                        "reward (%s) %.4f on %d windows",
                        found.reward(),
                        Math.exp(found.denseLoss() - found.loss()),
                        found.windows());
        return String.format(
                Locale.ROOT,
                "%s, %d evaluations at the price of %,.0f tokens through the whole model",
                figures,
                found.evaluations(),
                found.cost() + found.priorCost());
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
                            last.stage() == TrialRecord.Stage.FINALS
                                    ? "episodes, finals at sparsity %.3f on %d windows, best reward %.4f"
                                    : "episodes, sparsity %.3f on %d windows, best reward %.4f",
                            last.targetSparsity(),
                            last.windows(),
                            best));
        }
    }
}
