package io.fastforward.search;

import io.fastforward.failure.Failure;
import io.fastforward.nested.UnitRanking;
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
    private final UnitRanking ranking;

    /** @param ranking with what was measured */
    public Prior(Budget budget, UnitRanking ranking) {
        this.budget = budget;
        this.ranking = ranking;
    }

    /**
     * The policies, the best guess first and none twice; none if nothing was measured.
     *
     * @throws Failure if no policy reaches the sparsity
     */
    public List<Policy> policies(double sparsity) {
        List<List<Double>> errors = ranking.errors();
        if (errors.isEmpty()) {
            return List.of();
        }
        List<List<List<Double>>> losses = new ArrayList<>();
        if (!ranking.divergences().isEmpty()) {
            List<List<Double>> probed = IntStream.range(0, errors.size())
                    .mapToObj(module ->
                            scaled(errors.get(module), ranking.divergences().get(module)))
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
        double there = curve.get(UnitRanking.probedUnits(curve.size() - 1));
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
