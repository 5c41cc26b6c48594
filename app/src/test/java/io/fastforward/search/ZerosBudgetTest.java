package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.testing.Failures;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Budgets of zeros instead of units. */
class ZerosBudgetTest {

    private static final List<ModuleSpec> MODULES = Architectures.llama(2, 16, 4, 4, 2, 33);

    /** Of weights alone, in steps of a share of them; every policy counts as many as it says. */
    @Test
    void zerosAreCountedInWeights() {
        Budget budget = Budget.ofZeros(MODULES, 100, new Constraints(0.1, 1, Set.of(1), false));
        long total = MODULES.stream()
                .flatMap(module -> module.maps().stream())
                .mapToLong(map -> (long) map.rows() * map.columns())
                .sum();
        assertThat(budget.removedParameters(new Policy(List.of(100, 100, 100, 100))))
                .isZero();
        assertThat(budget.minimumUnits(0)).isEqualTo(10);
        assertThat(budget.minimumUnits(2)).isEqualTo(100); // a layer that stays dense
        Policy uniform = budget.uniform(0.4);
        assertThat(budget.meets(uniform, 0.4)).isTrue();
        assertThat(budget.sparsity(uniform)).isCloseTo(0.4, within(0.01));
        assertThat(budget.sparsity(uniform) * total)
                .isCloseTo((double) budget.removedParameters(uniform), within(1e-6));
        assertThat(uniform.retained().subList(2, 4)).containsExactly(100, 100);
    }

    @Test
    void aModuleWithFewerWeightsThanStepsIsRefused() {
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> Budget.ofZeros(MODULES, 1_000_000, Constraints.ofMinimumRetention(0.1)),
                "1/1000000");
    }

    /** A budget of zeros is met by as many zeros as the pattern has, counted in the patterns themselves. */
    @ParameterizedTest
    @CsvSource({"0.5, 0.5", "0.7, 0.7", "2:4, 0.5", "4:8, 0.5", "3:8, 0.625", "0.333, 0.333"})
    void theUniformPolicyHasTheSparsityThatWasAskedFor(String text, double sparsity) {
        Pattern asked = Pattern.parse(text);
        assertThat(ModulePatterns.sparsity(asked)).isCloseTo(sparsity, within(1e-12));
        List<ModuleSpec> modules = Architectures.llama(3, 160, 4, 4, 10, 333);
        Budget budget = Budget.ofZeros(modules, ModulePatterns.units(asked), new Constraints(0.1, 1, Set.of(), false));
        Policy uniform = budget.uniform(sparsity);
        double zeros = 0;
        double all = 0;
        ModulePatterns patterns = ModulePatterns.of(asked, uniform);
        for (int module = 0; module < modules.size(); module++) {
            double weights = modules.get(module).maps().stream()
                    .mapToDouble(map -> (double) map.rows() * map.columns())
                    .sum();
            all += weights;
            zeros += weights * patterns.of(module).map(ModulePatterns::sparsity).orElse(0.0);
        }
        // Met, and by less than the smallest step; a hundred weights that make no step are counted as kept.
        assertThat(zeros / all).isBetween(sparsity, sparsity + (text.contains(":") ? 0.2 : 0.01));
        assertThat(budget.meets(uniform, sparsity)).isTrue();
    }
}
