package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Failures;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class CheapestPolicyTest {

    /** Against all policies there are, with curves of any shape that falls, and with constraints. */
    @Test
    void noPolicyIsCheaper() {
        SplittableRandom random = new SplittableRandom(17);
        for (int trial = 0; trial < 60; trial++) {
            List<ModuleSpec> modules = Architectures.llama(2, 12, 1 + random.nextInt(4), 3, 1, 2 + random.nextInt(9));
            double minimum = random.nextInt(3) == 0 ? 0 : random.nextDouble(0.05, 0.4);
            int multiple = random.nextInt(3) == 0 ? 2 : 1;
            Budget budget = new Budget(modules, new Constraints(minimum, multiple, Set.of(), random.nextInt(6) == 0));
            double sparsity = random.nextDouble(0.05, 0.6);
            if (!budget.reaches(sparsity)) {
                continue;
            }
            List<List<Double>> losses = falling(modules, random);
            double least = leastOfAll(budget, sparsity, losses, new ArrayList<>());
            Policy found = budget.cheapest(sparsity, losses);
            assertThat(budget.meets(found, sparsity)).isTrue();
            assertThat(loss(found.retained(), losses)).isCloseTo(least, within(1e-12));
        }
    }

    private static double leastOfAll(Budget budget, double sparsity, List<List<Double>> losses, List<Integer> chosen) {
        int module = chosen.size();
        if (module == budget.modules()) {
            boolean something = chosen.stream().anyMatch(units -> units > 0);
            return something && budget.meets(new Policy(chosen), sparsity)
                    ? loss(chosen, losses)
                    : Double.POSITIVE_INFINITY;
        }
        double least = Double.POSITIVE_INFINITY;
        for (int units = budget.minimumUnits(module); ; units = budget.unitsAbove(module, units)) {
            chosen.add(units);
            least = Math.min(least, leastOfAll(budget, sparsity, losses, chosen));
            chosen.removeLast();
            if (units == budget.units(module)) {
                return least;
            }
        }
    }

    private static double loss(List<Integer> retained, List<List<Double>> losses) {
        double sum = 0;
        for (int module = 0; module < retained.size(); module++) {
            sum += losses.get(module).get(retained.get(module));
        }
        return sum;
    }

    private static List<List<Double>> falling(List<ModuleSpec> modules, SplittableRandom random) {
        List<List<Double>> losses = new ArrayList<>();
        for (ModuleSpec module : modules) {
            double loss = 0;
            List<Double> curve = new ArrayList<>(List.of(0.0));
            for (int unit = 0; unit < module.units(); unit++) {
                loss += random.nextDouble();
                curve.addFirst(loss);
            }
            losses.add(curve);
        }
        return losses;
    }

    /** Where sizes are thinned out and costs rounded, the sparsity is met all the same, and nothing is left over. */
    @Test
    void manySizesAreThinnedOut() {
        List<ModuleSpec> modules = Architectures.llama(3, 64, 8, 8, 2, 3001);
        Budget budget = new Budget(modules, 0.1);
        List<List<Double>> losses = falling(modules, new SplittableRandom(3));
        Policy found = budget.cheapest(0.4, losses);
        assertThat(budget.sparsity(found)).isGreaterThanOrEqualTo(0.4).isLessThan(0.4005);
        assertThat(loss(found.retained(), losses))
                .isLessThan(loss(budget.uniform(0.4).retained(), losses));
    }

    @Test
    void whatCannotBeReachedIsRefused() {
        List<ModuleSpec> modules = Architectures.llama(1, 12, 3, 4, 1, 10);
        Failures.expect(
                FailureKind.UNREACHABLE_SPARSITY,
                () -> new Budget(modules, 0.5).cheapest(0.9, falling(modules, new SplittableRandom(1))),
                "0.9");
    }
}
