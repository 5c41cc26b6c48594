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
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * Has candidates evaluated, the dense model beside them on the same windows, and none twice: at full fidelity and beyond,
 * windows are taken in their order, and the losses on them are remembered. Counts what that takes.
 */
final class Evaluations {

    private final SearchSettings settings;
    private final Policy dense;
    private final TrialExecutor executor;
    private final Reward reward;

    /** Losses on the first windows, in their order. */
    private final Map<Policy, List<Double>> remembered = new LinkedHashMap<>();

    private int executed;
    private int saved;
    private double cost;

    Evaluations(SearchSettings settings, Policy dense, TrialExecutor executor, Reward reward) {
        this.settings = settings;
        this.dense = dense;
        this.executor = executor;
        this.reward = reward;
    }

    /** Goes on from a saved search. */
    void restore(SearchState state) {
        state.evaluated().forEach(known -> remembered.put(known.policy(), known.losses()));
        executed = state.evaluations();
        saved = state.savedEvaluations();
        cost = state.cost();
    }

    /** What is known of the first windows, of the dense model, too, in the order in which they were evaluated. */
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

    /** What the executed trials took: tokens times the share of layers that they passed. */
    double cost() {
        return cost;
    }

    /**
     * What some candidates lose on the same windows.
     *
     * @param byPolicy mean losses, of the dense model, too; may be not finite but for that
     * @param dense the dense model's
     * @param costs of the policies that took a trial, in the order in which they did
     * @param rewarding makes rewards of losses
     */
    record Losses(Map<Policy, Double> byPolicy, double dense, Map<Policy, Double> costs, Reward rewarding) {

        double of(Policy candidate) {
            return Objects.requireNonNull(byPolicy.get(candidate));
        }

        double reward(Policy candidate) {
            double loss = of(candidate);
            return Double.isFinite(loss) ? rewarding.of(dense, loss) : Reward.BROKEN;
        }
    }

    /**
     * Evaluates the candidates of a batch.
     *
     * @param batch counted from 0; another one takes other windows, if not all
     * @param windows on how many, at most those of full fidelity
     * @throws Failure if the dense model's loss is not finite
     */
    Losses evaluate(List<Policy> candidates, int batch, int windows) {
        Losses losses;
        if (windows < settings.windows()) {
            Map<Policy, List<Double>> known = new LinkedHashMap<>();
            Map<Policy, Double> costs = new LinkedHashMap<>();
            execute(withDense(candidates), chosen(batch, windows), known, costs);
            losses = losses(known, windows, costs);
        } else {
            losses = extend(candidates, windows);
        }
        // Of equal candidates, one takes a trial.
        saved += candidates.size()
                - (int) candidates.stream()
                        .distinct()
                        .filter(losses.costs()::containsKey)
                        .count();
        return losses;
    }

    /**
     * Evaluates candidates on the first windows, as far as that is not known.
     *
     * @param windows how many
     * @throws Failure if the dense model's loss is not finite
     */
    Losses extend(List<Policy> candidates, int windows) {
        Map<Integer, Set<Policy>> missing = new TreeMap<>();
        withDense(candidates).forEach(policy -> {
            int known = remembered.getOrDefault(policy, List.of()).size();
            if (known < windows) {
                missing.computeIfAbsent(known, _ -> new LinkedHashSet<>()).add(policy);
            }
        });
        Map<Policy, Double> costs = new LinkedHashMap<>();
        missing.forEach((known, policies) ->
                execute(policies, IntStream.range(known, windows).boxed().toList(), remembered, costs));
        return losses(remembered, windows, costs);
    }

    /** What is known of a candidate on the first windows. */
    List<Double> losses(Policy candidate, int windows) {
        return Objects.requireNonNull(remembered.get(candidate)).subList(0, windows);
    }

    private Set<Policy> withDense(List<Policy> candidates) {
        Set<Policy> all = new LinkedHashSet<>();
        all.add(dense);
        all.addAll(candidates);
        return all;
    }

    private Losses losses(Map<Policy, List<Double>> known, int windows, Map<Policy, Double> costs) {
        Map<Policy, Double> means = new LinkedHashMap<>();
        known.forEach((policy, losses) -> {
            if (losses.size() >= windows) {
                means.put(policy, mean(losses.subList(0, windows)));
            }
        });
        double denseLoss = Objects.requireNonNull(means.get(dense));
        if (!Double.isFinite(denseLoss)) {
            throw FailureKind.NOT_FINITE.failure("the dense model's loss on the reward text is not finite");
        }
        return new Losses(means, denseLoss, costs, reward);
    }

    /** The mean of losses on windows of equal length; not finite if one of them is not. */
    static double mean(List<Double> losses) {
        return losses.stream().reduce(0.0, Double::sum) / losses.size();
    }

    private void execute(
            Set<Policy> policies, List<Integer> windows, Map<Policy, List<Double>> known, Map<Policy, Double> costs) {
        List<Policy> candidates = List.copyOf(policies);
        List<TrialExecutor.Result> results = executor.execute(new TrialBatch(windows, candidates));
        for (int i = 0; i < results.size(); i++) {
            TrialExecutor.Result result = results.get(i);
            List<Double> losses = new ArrayList<>(known.getOrDefault(candidates.get(i), List.of()));
            losses.addAll(result.losses());
            known.put(candidates.get(i), Collections.unmodifiableList(losses));
            costs.put(candidates.get(i), result.cost());
            cost += result.cost();
        }
        executed += results.size();
    }

    /** Another choice of windows for each batch, so that the agent sees all of them; one and the same for all of its candidates. */
    private List<Integer> chosen(int batch, int count) {
        SplittableRandom seeds = new SplittableRandom(settings.seed());
        for (int i = 0; i < batch; i++) {
            seeds.nextLong();
        }
        List<Integer> windows =
                new ArrayList<>(IntStream.range(0, settings.windows()).boxed().toList());
        SplittableRandom random = new SplittableRandom(seeds.nextLong());
        for (int i = windows.size() - 1; i > 0; i--) {
            Collections.swap(windows, i, random.nextInt(i + 1));
        }
        return windows.subList(0, count).stream().sorted().toList();
    }
}
