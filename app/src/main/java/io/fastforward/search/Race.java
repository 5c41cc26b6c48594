package io.fastforward.search;

import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * Compares policies on more and more windows, the same for all, and drops those that cannot win: whose loss exceeds the
 * leader's by more than chance explains, by Student's paired test. Ends when one is left, or all that are left are alike
 * (Maron and Moore, Hoeffding races, 1994, with a paired test as in Birattari's F-Race, 2002).
 */
final class Race {

    /** Windows of the first round; with fewer, a variance says nothing. */
    static final int FIRST = 4;

    /** Losses that differ by less are alike: a thousandth of a perplexity, or less than what two seeds of a search differ by. */
    static final double ALIKE = 1e-3;

    /** Quantiles 0.9995 of Student's distribution for so many windows: one policy of 2000 is dropped by chance. */
    private static final NavigableMap<Integer, Double> QUANTILES =
            new TreeMap<>(Map.of(4, 12.924, 8, 5.408, 16, 4.073, 32, 3.633, 64, 3.449));

    /**
     * How a policy stands in the end.
     *
     * @param windows on how many it was compared
     * @param loss its mean loss on them; may be not finite
     * @param denseLoss the dense model's on them
     * @param reward what that is worth
     * @param left whether it was not dropped
     */
    record Standing(Policy policy, int windows, double loss, double denseLoss, double reward, boolean left) {}

    /** Follows a race. */
    @FunctionalInterface
    interface Listener {

        /**
         * A round is done.
         *
         * @param left who was in it, the best first
         * @param windows on how many they are compared by now
         */
        void onRound(int round, List<Policy> left, int windows, Evaluations.Losses losses);
    }

    private final Evaluations evaluations;
    private final int mostWindows;
    private final boolean drops;
    private final Listener listener;

    /** @param drops whether any are dropped; otherwise all are compared on all windows at once */
    Race(Evaluations evaluations, int mostWindows, boolean drops, Listener listener) {
        this.evaluations = evaluations;
        this.mostWindows = mostWindows;
        this.drops = drops;
        this.listener = listener;
    }

    /** All of them, the best first; who was in it for longer is ahead of who was dropped. */
    List<Standing> run(List<Policy> policies) {
        Map<Policy, Standing> standings = new LinkedHashMap<>();
        List<Policy> left = policies;
        int windows = drops ? Math.min(FIRST, mostWindows) : mostWindows;
        for (int round = 0; ; round++) {
            Evaluations.Losses losses = evaluations.extend(left, windows);
            List<Policy> ranked = left.stream()
                    .sorted(Comparator.comparing(losses::of, Reward.LEAST_LOSS_FIRST))
                    .toList();
            listener.onRound(round, ranked, windows, losses);
            int compared = windows;
            List<Policy> contenders = drops ? contenders(ranked, windows) : ranked;
            ranked.forEach(policy -> standings.put(
                    policy,
                    new Standing(
                            policy,
                            compared,
                            losses.of(policy),
                            losses.dense(),
                            losses.reward(policy),
                            contenders.contains(policy))));
            left = contenders;
            if (windows == mostWindows || left.size() <= 1 || alike(left, windows)) {
                return standings.values().stream()
                        .sorted(Comparator.comparing(Standing::windows, Comparator.reverseOrder())
                                .thenComparing(Standing::loss, Reward.LEAST_LOSS_FIRST))
                        .toList();
            }
            windows = (int) Math.min(2L * windows, mostWindows);
        }
    }

    /** Those that may still win, in their order. */
    private List<Policy> contenders(List<Policy> ranked, int windows) {
        List<Policy> left = new ArrayList<>();
        for (Policy policy : ranked) {
            boolean finite = evaluations.losses(policy, windows).stream().allMatch(Double::isFinite);
            if (finite && (left.isEmpty() || !(lead(left.getFirst(), policy, windows, -1) > 0))) {
                left.add(policy);
            }
        }
        return left;
    }

    private boolean alike(List<Policy> left, int windows) {
        return left.stream().skip(1).allMatch(policy -> lead(left.getFirst(), policy, windows, 1) < ALIKE);
    }

    /**
     * By how much the leader is ahead of another policy.
     *
     * @param side -1: at least; 1: at most, as far as chance goes
     */
    private double lead(Policy leader, Policy other, int windows, int side) {
        Map.Entry<Integer, Double> quantile = QUANTILES.floorEntry(windows);
        if (quantile == null) {
            return side * Double.POSITIVE_INFINITY;
        }
        List<Double> best = evaluations.losses(leader, windows);
        List<Double> losses = evaluations.losses(other, windows);
        double mean = 0;
        for (int i = 0; i < windows; i++) {
            mean += (losses.get(i) - best.get(i)) / windows;
        }
        double squares = 0;
        for (int i = 0; i < windows; i++) {
            double deviation = losses.get(i) - best.get(i) - mean;
            squares += deviation * deviation;
        }
        return mean + side * quantile.getValue() * Math.sqrt(squares / (windows - 1) / windows);
    }
}
