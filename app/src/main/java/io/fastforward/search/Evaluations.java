package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Has candidates evaluated, the dense model beside them on the same windows, and none twice: what was evaluated at full
 * fidelity is remembered. Counts what that takes.
 */
final class Evaluations {

    private final SearchSettings settings;
    private final Policy dense;
    private final TrialExecutor executor;
    private final Reward reward;

    /** Losses at full fidelity. */
    private final Map<Policy, Double> remembered = new LinkedHashMap<>();

    private int executed;
    private int saved;

    Evaluations(SearchSettings settings, Policy dense, TrialExecutor executor, Reward reward) {
        this.settings = settings;
        this.dense = dense;
        this.executor = executor;
        this.reward = reward;
    }

    /** Goes on from a saved search. */
    void restore(SearchState state) {
        state.evaluated().forEach(known -> remembered.put(known.policy(), known.loss()));
        executed = state.evaluations();
        saved = state.savedEvaluations();
    }

    /** What was evaluated at full fidelity, the dense model included, in order. */
    List<SearchState.Evaluated> remembered() {
        return remembered.entrySet().stream()
                .map(known -> new SearchState.Evaluated(known.getKey(), known.getValue()))
                .toList();
    }

    /** Trials executed so far. */
    int executed() {
        return executed;
    }

    /** Trials that were not executed because an equal one had been. */
    int saved() {
        return saved;
    }

    /**
     * The losses of some candidates on the same windows.
     *
     * @param byPolicy of the dense model and all candidates; may be not finite but for the dense model
     * @param dense the dense model's
     * @param executed for each candidate, whether it took a trial; otherwise an equal one had been executed
     * @param rewarding makes rewards of them
     */
    record Losses(Map<Policy, Double> byPolicy, double dense, List<Boolean> executed, Reward rewarding) {

        double of(Policy candidate) {
            return Objects.requireNonNull(byPolicy.get(candidate));
        }

        double reward(Policy candidate) {
            double loss = of(candidate);
            return Double.isFinite(loss) ? rewarding.of(dense, loss) : Reward.BROKEN;
        }
    }

    /**
     * Evaluates candidates.
     *
     * @param batch counted from 0; another one takes other windows, if not all
     * @throws Failure if the dense model's loss is not finite
     */
    Losses evaluate(List<Policy> candidates, int batch, int windows) {
        Map<Policy, Double> known = windows == settings.windows() ? remembered : new LinkedHashMap<>();
        Set<Policy> missing = new LinkedHashSet<>();
        if (!known.containsKey(dense)) {
            missing.add(dense);
        }
        List<Boolean> took = new ArrayList<>();
        for (Policy candidate : candidates) {
            took.add(!known.containsKey(candidate) && missing.add(candidate));
        }
        if (!missing.isEmpty()) {
            execute(new TrialBatch(windowSeed(batch, windows), windows, List.copyOf(missing)), known);
        }
        double denseLoss = Objects.requireNonNull(known.get(dense));
        if (!Double.isFinite(denseLoss)) {
            throw FailureKind.NOT_FINITE.failure("the dense model's loss on the reward text is not finite");
        }
        saved += Collections.frequency(took, false);
        return new Losses(known, denseLoss, took, reward);
    }

    private void execute(TrialBatch batch, Map<Policy, Double> known) {
        List<TrialExecutor.Result> results = executor.execute(batch);
        for (int i = 0; i < results.size(); i++) {
            known.put(batch.candidates().get(i), results.get(i).loss());
        }
        executed += results.size();
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
}
