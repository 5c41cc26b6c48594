package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import io.fastforward.spi.search.TrialExecutor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Finds a policy of a given sparsity: asks an agent for scores, maps them to policies, has those evaluated and tells
 * the agent the rewards, batch by batch; then compares the finalists.
 *
 * <p>All candidates of a batch are evaluated on the same windows, since the agent compares them with each other. What is
 * evaluated at full fidelity is remembered, so that an equal policy is never evaluated again.
 *
 * <p>Only policies of the final sparsity can win, by their loss on the finalists' windows. Unless
 * the settings leave it out, the uniform policy is among the finalists, so the result is not worse than uniform pruning on
 * the reward text.
 *
 * <p>An instance serves one search, from one thread. Same settings, seeds and evaluations: same result, whether the
 * search was interrupted or not.
 */
public final class PolicySearch {

    private final SearchTask task;
    private final SearchSettings settings;
    private final Budget budget;
    private final PolicyAgent agent;
    private final Evaluations evaluations;
    private final SearchListener listener;
    private int episodes;

    /**
     * A search that has not begun.
     *
     * @param agent new, or for a warm start restored from the state of another search on the same model
     * @throws Failure if no policy reaches the sparsity
     */
    public PolicySearch(
            SearchTask task, PolicyAgent agent, TrialExecutor executor, Reward reward, SearchListener listener) {
        this.task = task;
        this.settings = task.settings();
        this.budget = task.budget();
        this.agent = agent;
        this.evaluations = new Evaluations(settings, budget.dense(), executor, reward);
        this.listener = listener;
        budget.allowance(settings.sparsity());
    }

    /**
     * Runs the search.
     *
     * @throws Failure if the dense model, or every finalist, has no finite loss
     */
    public SearchResult run() {
        int total = Math.min(settings.episodes(), agent.episodeLimit());
        int batches = Math.ceilDiv(total, agent.batchSize());
        while (episodes < total) {
            List<TrialRecord> trials =
                    runBatch(episodes / agent.batchSize(), batches, Math.min(agent.batchSize(), total - episodes));
            episodes += trials.size();
            listener.onBatch(trials, state());
        }
        return new Finals(task).compare(evaluations, agent.best(settings.sparsity()), episodes);
    }

    /**
     * Runs the rest of a search.
     *
     * @param state what the listener got after one of its batches
     * @throws Failure if the state does not belong to this search, and as {@link #run()}
     */
    public SearchResult resume(SearchState state) {
        if (!state.settings().equals(settings)) {
            throw FailureKind.BAD_RECORD.failure(
                    "the saved search had other settings: " + state.settings() + " instead of " + settings);
        }
        try {
            state.evaluated().forEach(known -> budget.check(known.policy()));
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw FailureKind.BAD_RECORD.failure(
                    "the saved search does not fit this model or agent: " + e.getMessage(), e);
        }
        int total = Math.min(settings.episodes(), agent.episodeLimit());
        if (state.episodes() > total || (state.episodes() != total && state.episodes() % agent.batchSize() != 0)) {
            throw FailureKind.BAD_RECORD.failure("the saved search stopped after " + state.episodes() + " of " + total
                    + " episodes, which is not between two batches of " + agent.batchSize());
        }
        episodes = state.episodes();
        evaluations.restore(state);
        return run();
    }

    private SearchState state() {
        return new SearchState(
                SearchState.VERSION,
                settings,
                episodes,
                agent.save(),
                evaluations.remembered(),
                evaluations.executed(),
                evaluations.saved());
    }

    private List<TrialRecord> runBatch(int batch, int batches, int size) {
        double sparsity = settings.schedule().sparsity(batch, batches, settings.sparsity());
        int windows = settings.schedule().windows(batch, batches, settings.windows());
        List<double[]> proposals = agent.propose(size, sparsity);
        List<Policy> candidates = proposals.stream()
                .map(scores -> settings.mapping().map(scores, budget, sparsity))
                .toList();
        Evaluations.Losses losses = evaluations.evaluate(candidates, batch, windows);

        List<TrialRecord> records = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            Policy candidate = candidates.get(i);
            double reward = losses.reward(candidate);
            outcomes.add(new Outcome(proposals.get(i), sparsity, reward));
            records.add(new TrialRecord(
                    episodes + i,
                    batch,
                    sparsity,
                    budget.sparsity(candidate),
                    windows,
                    candidate.retained(),
                    Arrays.stream(proposals.get(i)).boxed().toList(),
                    losses.of(candidate),
                    reward,
                    !losses.executed().get(i)));
        }
        agent.observe(outcomes);
        return records;
    }
}
