package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.search.SearchResult.Finalist;
import io.fastforward.search.SearchResult.Origin;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.TrialExecutor.Trial;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Finds a policy of a given sparsity: asks an agent for scores, maps them to policies, has those evaluated and tells
 * the agent the rewards, batch by batch; then compares the finalists.
 *
 * <p>The reward is dense perplexity ÷ pruned perplexity on the same windows (FastForward, Eq. 2). All candidates of a
 * batch are evaluated on the same windows, since the agent compares them with each other. What is evaluated at full
 * fidelity is remembered, so that an equal policy is never evaluated again.
 *
 * <p>Only policies of the final sparsity can win, by their perplexity on the finalists' windows. The uniform policy is
 * always among the finalists, so the result is never worse than uniform pruning on the reward text.
 *
 * <p>An instance serves one search, from one thread. Same settings, seeds and evaluations: same result, whether the
 * search was interrupted or not.
 */
public final class PolicySearch {

    /** The reward of a model whose perplexity is not finite; others have rewards above 0. */
    public static final double BROKEN_REWARD = -10;

    private static final Comparator<Double> FINITE_FIRST =
            Comparator.comparing((Double nll) -> !Double.isFinite(nll)).thenComparing(Comparator.naturalOrder());

    private final SearchSettings settings;
    private final Budget budget;
    private final PolicyAgent agent;
    private final TrialExecutor executor;
    private final SearchListener listener;

    /** Mean negative log-likelihoods at full fidelity. */
    private final Map<Policy, Double> evaluated = new LinkedHashMap<>();

    private int episodes;
    private int evaluations;
    private int savedEvaluations;

    /**
     * A search that has not begun.
     *
     * @param agent new, or for a warm start restored from the state of another search on the same model
     * @throws Failure if no policy reaches the sparsity
     */
    public PolicySearch(
            SearchSettings settings,
            Budget budget,
            PolicyAgent agent,
            TrialExecutor executor,
            SearchListener listener) {
        this.settings = settings;
        this.budget = budget;
        this.agent = agent;
        this.executor = executor;
        this.listener = listener;
        budget.allowance(settings.sparsity());
    }

    /**
     * Runs the search.
     *
     * @throws Failure if the dense model, or every finalist, has no finite perplexity, or if agent or executor break
     *     their contract
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
        return compareFinalists();
    }

    /**
     * Runs the rest of a search.
     *
     * @param state what the listener got after one of its batches
     * @throws Failure if the state does not belong to this search, and as {@link #run()}
     */
    public SearchResult resume(SearchState state) {
        if (!state.settings().equals(settings)) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "the saved search had other settings: " + state.settings() + " instead of " + settings);
        }
        try {
            for (SearchState.Evaluated known : state.evaluated()) {
                budget.check(known.policy());
                evaluated.put(known.policy(), known.meanNegativeLogLikelihood());
            }
            agent.restore(state.agent());
        } catch (IllegalArgumentException e) {
            throw new Failure(
                    FailureKind.BAD_RECORD, "the saved search does not fit this model or agent: " + e.getMessage(), e);
        }
        int total = Math.min(settings.episodes(), agent.episodeLimit());
        if (state.episodes() > total || (state.episodes() != total && state.episodes() % agent.batchSize() != 0)) {
            throw new Failure(
                    FailureKind.BAD_RECORD,
                    "the saved search stopped after " + state.episodes() + " of " + total
                            + " episodes, which is not between two batches of " + agent.batchSize());
        }
        episodes = state.episodes();
        evaluations = state.evaluations();
        savedEvaluations = state.savedEvaluations();
        return run();
    }

    private SearchState state() {
        return new SearchState(
                SearchState.VERSION,
                settings,
                episodes,
                agent.save(),
                evaluated.entrySet().stream()
                        .map(known -> new SearchState.Evaluated(known.getKey(), known.getValue()))
                        .toList(),
                evaluations,
                savedEvaluations);
    }

    private List<TrialRecord> runBatch(int batch, int batches, int size) {
        double sparsity = settings.schedule().sparsity(batch, batches, settings.sparsity());
        int windows = settings.schedule().windows(batch, batches, settings.windows());
        List<double[]> proposals = propose(size, sparsity);
        List<Policy> candidates = proposals.stream()
                .map(scores -> settings.mapping().map(scores, budget, sparsity))
                .toList();
        Evaluation evaluation = evaluate(candidates, batch, windows);

        List<TrialRecord> records = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < size; i++) {
            Policy candidate = candidates.get(i);
            double nll = evaluation.of(candidate);
            double reward = reward(evaluation.of(budget.dense()), nll);
            outcomes.add(new Outcome(proposals.get(i), sparsity, reward));
            records.add(new TrialRecord(
                    episodes + i,
                    batch,
                    sparsity,
                    budget.sparsity(candidate),
                    windows,
                    candidate.retained(),
                    Arrays.stream(proposals.get(i)).boxed().toList(),
                    nll,
                    Math.exp(nll),
                    reward,
                    !evaluation.executed().get(i)));
        }
        agent.observe(outcomes);
        return records;
    }

    private List<double[]> propose(int count, double sparsity) {
        List<double[]> proposals = agent.propose(count, sparsity);
        if (proposals.size() != count) {
            throw new Failure(
                    FailureKind.PLUGIN,
                    "the policy agent was asked for " + count + " proposals, but gave " + proposals.size());
        }
        proposals.forEach(this::checkScores);
        return proposals;
    }

    private double[] checkScores(double[] scores) {
        if (scores.length != budget.modules() || !Arrays.stream(scores).allMatch(Double::isFinite)) {
            throw new Failure(
                    FailureKind.PLUGIN,
                    "the policy agent must propose " + budget.modules() + " finite scores, but proposed "
                            + Arrays.toString(scores));
        }
        return scores;
    }

    /**
     * Compares the best candidates, the agent's best guess and the uniform policy. What the search evaluated at full
     * fidelity is the dense model, policies that miss the final sparsity, and the candidates proper.
     */
    private SearchResult compareFinalists() {
        Map<Policy, Origin> origins = new LinkedHashMap<>();
        evaluated.entrySet().stream()
                .filter(known -> budget.meets(known.getKey(), settings.sparsity()))
                .sorted(Map.Entry.comparingByValue(FINITE_FIRST))
                .limit(settings.finalists())
                .forEach(known -> origins.put(known.getKey(), Origin.CANDIDATE));
        double[] best = checkScores(agent.best(settings.sparsity()));
        origins.putIfAbsent(settings.mapping().map(best, budget, settings.sparsity()), Origin.AGENT);
        origins.putIfAbsent(budget.uniform(settings.sparsity()), Origin.UNIFORM);

        Evaluation evaluation = evaluate(List.copyOf(origins.keySet()), 0, settings.finalistWindows());
        double dense = evaluation.of(budget.dense());
        List<Finalist> finalists = origins.entrySet().stream()
                .sorted(Comparator.comparing(entry -> evaluation.of(entry.getKey()), FINITE_FIRST))
                .map(entry -> {
                    double nll = evaluation.of(entry.getKey());
                    return new Finalist(entry.getKey(), entry.getValue(), Math.exp(nll), reward(dense, nll));
                })
                .toList();
        Finalist winner = finalists.getFirst();
        if (!Double.isFinite(winner.perplexity())) {
            throw new Failure(
                    FailureKind.NOT_FINITE,
                    "no policy of sparsity " + settings.sparsity() + " has a finite perplexity on the reward text");
        }
        return new SearchResult(
                winner,
                finalists,
                budget.sparsity(winner.policy()),
                Math.exp(dense),
                episodes,
                evaluations,
                savedEvaluations);
    }

    /**
     * Mean negative log-likelihoods.
     *
     * @param byPolicy of the dense policy and all candidates
     * @param executed for each candidate, whether it took a trial; otherwise an equal one had been executed
     */
    private record Evaluation(Map<Policy, Double> byPolicy, List<Boolean> executed) {
        double of(Policy policy) {
            return Objects.requireNonNull(byPolicy.get(policy));
        }
    }

    /** Evaluates candidates, and the dense model, on the same windows; equal ones once. */
    private Evaluation evaluate(List<Policy> candidates, int batch, int windows) {
        Map<Policy, Double> known = windows == settings.windows() ? evaluated : new LinkedHashMap<>();
        Set<Policy> missing = new LinkedHashSet<>();
        if (!known.containsKey(budget.dense())) {
            missing.add(budget.dense());
        }
        List<Boolean> executed = new ArrayList<>();
        for (Policy candidate : candidates) {
            executed.add(!known.containsKey(candidate) && missing.add(candidate));
        }
        if (!missing.isEmpty()) {
            execute(missing, windowSeed(batch, windows), windows, known);
        }
        if (!Double.isFinite(Objects.requireNonNull(known.get(budget.dense())))) {
            throw new Failure(FailureKind.NOT_FINITE, "the dense model's perplexity on the reward text is not finite");
        }
        savedEvaluations += Collections.frequency(executed, false);
        return new Evaluation(known, executed);
    }

    private void execute(Set<Policy> policies, long windowSeed, int windows, Map<Policy, Double> target) {
        List<Trial> trials = policies.stream()
                .map(policy -> new Trial(policy, windowSeed, windows))
                .toList();
        List<Result> results = executor.execute(trials);
        if (results.size() != trials.size()) {
            throw new Failure(
                    FailureKind.PLUGIN,
                    "the trial executor was given " + trials.size() + " trials, but returned " + results.size()
                            + " results");
        }
        for (int i = 0; i < results.size(); i++) {
            target.put(trials.get(i).policy(), results.get(i).meanNegativeLogLikelihood());
        }
        evaluations += results.size();
    }

    /** Another choice of windows for each batch, so that the agent sees all of them; one and the same for all of them. */
    private long windowSeed(int batch, int windows) {
        if (windows >= settings.windows()) {
            return 0;
        }
        SplittableRandom random = new SplittableRandom(settings.seed());
        for (int i = 0; i < batch; i++) {
            random.nextLong();
        }
        return random.nextLong();
    }

    private static double reward(double denseNll, double nll) {
        return Double.isFinite(nll) ? Math.exp(denseNll - nll) : BROKEN_REWARD;
    }
}
