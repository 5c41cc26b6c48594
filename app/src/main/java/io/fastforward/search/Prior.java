package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Policies that are likely to be good, by what is known before the search: the least sum of what modules lack. With probes there are
 * three opinions on that. The error curves compare modules by errors relative to the residual stream; probes by what one size of each
 * does to the model's predictions, and curves say how that goes on to other sizes; and their geometric mean errs less than either
 * where one of them is far off.
 */
public final class Prior {

    /** Below that, a divergence is noise. */
    private static final double LEAST_DIVERGENCE = 1e-6;

    private final Budget budget;
    private final List<List<Double>> errors;
    private final List<Double> divergences;

    /**
     * What was measured.
     *
     * @param errors for each module, with none of its units, the first, and so on up to all; empty: they were not
     * @param divergences for each module, with {@link #probedUnits}; empty: it was not tried
     */
    public Prior(Budget budget, List<List<Double>> errors, List<Double> divergences) {
        this.budget = budget;
        this.errors = errors;
        this.divergences = divergences;
    }

    /** With how many of its units a module is tried: half of them, but not all; none of a single one. */
    public static int probedUnits(int units) {
        return units / 2;
    }

    /** Most policies of a sparsity: those of probes, of curves, and of both. */
    public static final int MOST_POLICIES = 3;

    /**
     * The policies, the best guess first and none twice; none if nothing was measured.
     *
     * @throws Failure if no policy reaches the sparsity
     */
    public List<Policy> policies(double sparsity) {
        if (errors.isEmpty()) {
            return List.of();
        }
        List<List<List<Double>>> losses = new ArrayList<>();
        if (!divergences.isEmpty()) {
            List<List<Double>> probed = IntStream.range(0, errors.size())
                    .mapToObj(module -> scaled(errors.get(module), divergences.get(module)))
                    .toList();
            losses.add(geometricMeans(probed, errors));
            losses.add(probed);
        }
        losses.add(errors);
        return losses.stream()
                .map(some -> budget.cheapest(sparsity, some))
                .distinct()
                .toList();
    }

    /** The curve that runs through the divergence at the size at which it was tried. */
    private static List<Double> scaled(List<Double> curve, double divergence) {
        double there = curve.get(probedUnits(curve.size() - 1));
        double factor = there == 0 ? 0 : Math.max(divergence, LEAST_DIVERGENCE) / there;
        return curve.stream().map(error -> factor * error).toList();
    }

    private static List<List<Double>> geometricMeans(List<List<Double>> left, List<List<Double>> right) {
        return IntStream.range(0, left.size())
                .mapToObj(module -> IntStream.range(0, left.get(module).size())
                        .mapToObj(units -> Math.sqrt(
                                left.get(module).get(units) * right.get(module).get(units)))
                        .toList())
                .toList();
    }
}
