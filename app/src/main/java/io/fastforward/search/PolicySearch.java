package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import io.fastforward.spi.search.TrialExecutor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * Finds a policy of a given sparsity: asks an agent for scores, maps them to policies, has those evaluated and tells
 * the agent the rewards, batch by batch; then compares the finalists, in a race on more and more windows.
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
    private int trials;

    /** Those among which the finals choose; none before. */
    private List<Policy> finalCandidates = List.of();

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
        boolean choice = isChoice(total);
        if (finalCandidates.isEmpty()) {
            finalCandidates = choice ? propose(total) : search(total);
        }
        Finals.Outcome outcome = new Finals(task)
                .compare(
                        evaluations,
                        finalCandidates,
                        agent.best(settings.sparsity()),
                        choice ? settings.choiceWindows() : settings.finalistWindows(),
                        this::record);
        return new SearchResult(
                outcome.finalists().getFirst(),
                outcome.finalists(),
                outcome.denseLoss(),
                episodes,
                evaluations.executed(),
                evaluations.saved(),
                evaluations.cost());
    }

    /** Whether all proposals can be finalists at once, so that the finals say what they are worth, and the agent need not know. */
    private boolean isChoice(int total) {
        return settings.race() && total <= Math.min(settings.finalists(), agent.batchSize());
    }

    private List<Policy> propose(int total) {
        episodes = total;
        return agent.propose(total, settings.sparsity()).stream()
                .map(scores -> settings.mapping().map(scores, budget, settings.sparsity()))
                .distinct()
                .toList();
    }

    private List<Policy> search(int total) {
        int batches = Math.ceilDiv(total, agent.batchSize());
        while (episodes < total) {
            List<TrialRecord> batch =
                    runBatch(episodes / agent.batchSize(), batches, Math.min(agent.batchSize(), total - episodes));
            episodes += batch.size();
            trials += batch.size();
            listener.onBatch(batch, state());
        }
        return new Finals(task).best(evaluations);
    }

    /** A round of the finals, if it took any trials. */
    private void record(int round, List<Policy> left, int windows, Evaluations.Losses losses) {
        List<TrialRecord> records = new ArrayList<>();
        for (Policy policy : left) {
            Double cost = losses.costs().get(policy);
            if (cost != null) {
                records.add(new TrialRecord(
                        trials + records.size(),
                        TrialRecord.Stage.FINALS,
                        round,
                        settings.sparsity(),
                        budget.sparsity(policy),
                        windows,
                        policy.retained(),
                        List.of(),
                        losses.of(policy),
                        losses.reward(policy),
                        false,
                        cost));
            }
        }
        trials += records.size();
        if (!records.isEmpty()) {
            listener.onBatch(records, state());
        }
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
            state.candidates().forEach(budget::check);
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw FailureKind.BAD_RECORD.failure(
                    "the saved search does not fit this model or agent: " + e.getMessage(), e);
        }
        int total = Math.min(settings.episodes(), agent.episodeLimit());
        if (state.candidates().stream().anyMatch(policy -> !budget.meets(policy, settings.sparsity()))
                || (!state.candidates().isEmpty() && state.episodes() != total)) {
            throw FailureKind.BAD_RECORD.failure("the saved search chooses among policies that are not of sparsity "
                    + settings.sparsity() + ", or before it has done its " + total + " episodes");
        }
        if (state.episodes() > total || (state.episodes() != total && state.episodes() % agent.batchSize() != 0)) {
            throw FailureKind.BAD_RECORD.failure("the saved search stopped after " + state.episodes() + " of " + total
                    + " episodes, which is not between two batches of " + agent.batchSize());
        }
        episodes = state.episodes();
        trials = state.trials();
        finalCandidates = state.candidates();
        evaluations.restore(state);
        return run();
    }

    private SearchState state() {
        return new SearchState(
                SearchState.VERSION,
                settings,
                episodes,
                agent.save(),
                trials,
                finalCandidates,
                evaluations.remembered(),
                evaluations.executed(),
                evaluations.saved(),
                evaluations.cost());
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
        Set<Policy> before = new HashSet<>();
        for (int i = 0; i < size; i++) {
            Policy candidate = candidates.get(i);
            double reward = losses.reward(candidate);
            // Of equal candidates, the first took the trial, if any did.
            boolean executed = before.add(candidate) && losses.costs().containsKey(candidate);
            outcomes.add(new Outcome(proposals.get(i), sparsity, reward));
            records.add(new TrialRecord(
                    trials + i,
                    TrialRecord.Stage.EPISODE,
                    batch,
                    sparsity,
                    budget.sparsity(candidate),
                    windows,
                    candidate.retained(),
                    Arrays.stream(proposals.get(i)).boxed().toList(),
                    losses.of(candidate),
                    reward,
                    !executed,
                    executed ? Objects.requireNonNull(losses.costs().get(candidate)) : 0));
        }
        agent.observe(outcomes);
        return records;
    }
}
