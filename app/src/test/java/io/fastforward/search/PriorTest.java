package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.nested.Probe;
import io.fastforward.nested.UnitRanking;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PriorTest {

    private static final double SPARSITY = 0.4;

    private final List<ModuleSpec> modules = Architectures.llama(2, 24, 8, 3, 1, 40);
    private final Budget budget = new Budget(modules, 0.05);

    /** What is equally bad everywhere is taken away evenly, whatever the scale. */
    private UnitRanking ranking(double... divergences) {
        List<List<Integer>> order = new ArrayList<>();
        List<List<Double>> scores = new ArrayList<>();
        List<List<Double>> errors = new ArrayList<>();
        for (ModuleSpec module : modules) {
            int units = module.units();
            order.add(IntStream.range(0, units).boxed().toList());
            scores.add(IntStream.range(0, units).mapToObj(unit -> 1.0).toList());
            errors.add(IntStream.rangeClosed(0, units)
                    .mapToObj(kept -> Math.pow((double) (units - kept) / units, 2))
                    .toList());
        }
        return new UnitRanking(
                order,
                scores,
                errors,
                IntStream.range(0, divergences.length)
                        .mapToObj(module -> new Probe(divergences[module], 1))
                        .toList());
    }

    @Test
    void withoutProbesItIsThePolicyOfTheLeastError() {
        UnitRanking ranking = ranking();
        assertThat(prior(ranking).policies(SPARSITY)).containsExactly(budget.cheapest(SPARSITY, ranking.errors()));
    }

    @Test
    void nothingIsKnownOfAModelThatWasNotMeasured() {
        UnitRanking scored = new UnitRanking(ranking().modules(), ranking().unitScores(), List.of(), List.of());
        assertThat(prior(scored).policies(SPARSITY)).isEmpty();
    }

    /** The module that hurts when it is tried keeps most where trials alone count, least where they do not. */
    @Test
    void probesMoveUnitsToWhereTheyAreMissed() {
        List<Policy> policies = prior(ranking(0.01, 0.01, 0.01, 1)).policies(SPARSITY);
        assertThat(policies)
                .hasSize(3)
                .allSatisfy(policy -> assertThat(budget.meets(policy, SPARSITY)).isTrue());
        int mean = policies.get(0).channels(1);
        int probed = policies.get(1).channels(1);
        int curves = policies.get(2).channels(1);
        assertThat(mean).isGreaterThan(curves);
        assertThat(probed).isGreaterThan(mean);
    }

    /** Where trials say what curves say, there is one policy, once. */
    @Test
    void equalOpinionsAreOnePolicy() {
        double[] divergences = ranking().errors().stream()
                .mapToDouble(curve -> 0.2 * curve.get(Prior.probedUnits(curve.size() - 1)))
                .toArray();
        assertThat(prior(ranking(divergences)).policies(SPARSITY)).hasSize(1);
    }

    /** A divergence of nearly nothing, or less by rounding, leaves a module something. */
    @Test
    void noiseIsNoReasonToKeepNothing() {
        assertThat(prior(ranking(-1e-9, 0.1, 0, 0.1)).policies(SPARSITY))
                .allSatisfy(policy -> assertThat(budget.meets(policy, SPARSITY)).isTrue())
                .allSatisfy(policy -> assertThat(policy.retained()).allMatch(units -> units > 0));
    }

    private Prior prior(UnitRanking ranking) {
        return new Prior(budget, ranking.errors(), ranking.divergences());
    }
}
