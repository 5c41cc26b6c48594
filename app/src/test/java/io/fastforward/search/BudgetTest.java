package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BudgetTest {

    private static final Normalization LAYER = new Normalization(Normalization.Kind.LAYER, 1e-5);

    /** Head: rows 3 · 2 · (5 + 1), columns 2 · 5 = 46; channel: 5 + 1 + 5 = 11; fixed: 5 + 5. */
    private static final List<ModuleSpec> SMALL = List.of(
            new AttentionSpec(LAYER, 5, 2, 3, 1, null, 0, true, true),
            new MlpSpec(LAYER, 5, 7, false, Activation.RELU, true, true));

    @Test
    void countsWeightsAndBiasesOfTheLinearMaps() {
        Budget budget = new Budget(SMALL, 0.1);
        assertThat(budget.removedParameters(new Policy(List.of(0, 7)))).isEqualTo(3 * 46 + 5);
        assertThat(budget.removedParameters(new Policy(List.of(3, 0)))).isEqualTo(7 * 11 + 5);
        assertThat(budget.removedParameters(new Policy(List.of(2, 4)))).isEqualTo(46 + 3 * 11);
        assertThat(budget.sparsity(new Policy(List.of(2, 4)))).isCloseTo(79 / 225.0, within(1e-15));
        assertThat(budget.removedParameters(budget.dense())).isZero();
    }

    @Test
    void largestSparsityLeavesTheMinimum() {
        Budget budget = new Budget(SMALL, 0.3);
        assertThat(budget.minimumUnits(0)).isEqualTo(1);
        assertThat(budget.minimumUnits(1)).isEqualTo(3);
        assertThat(budget.largestSparsity()).isCloseTo((2 * 46 + 4 * 11) / 225.0, within(1e-15));
        double largest = 136 / 225.0;
        assertThat(budget.uniform(largest)).isEqualTo(new Policy(List.of(1, 3)));
        assertThatThrownBy(() -> budget.uniform(Math.nextUp(largest)))
                .isInstanceOfSatisfying(
                        Failure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(FailureKind.UNREACHABLE_SPARSITY))
                .hasMessageContaining("0.6044");
    }

    @Test
    void minimumIsAWholeShareOfUnitsWhereThereIsOne() {
        Budget budget = new Budget(Architectures.llama(1, 8, 2, 10, 1, 30), 0.1);
        assertThat(budget.minimumUnits(0)).isEqualTo(1);
        assertThat(budget.minimumUnits(1)).isEqualTo(3);
        assertThat(new Budget(Architectures.llama(1, 8, 2, 10, 1, 30), Double.MIN_NORMAL).minimumUnits(1))
                .isEqualTo(1);
    }

    @Test
    void withoutAMinimumAModuleMayGoWithItsOutputBias() {
        Budget budget = new Budget(SMALL, 0);
        assertThat(budget.minimumUnits(0)).isZero();
        assertThat(budget.removedParameters(new Policy(List.of(0, 7)))).isEqualTo(3 * 46 + 5);
        assertThat(budget.removedParameters(new Policy(List.of(1, 0)))).isEqualTo(2 * 46 + 7 * 11 + 5);
        // A channel and the bias of the output map are the least that can stay.
        assertThat(budget.largestSparsity()).isCloseTo((225 - 16) / 225.0, within(1e-15));
        assertThat(budget.uniform(209 / 225.0)).isEqualTo(new Policy(List.of(0, 1)));
        assertThatThrownBy(() -> budget.uniform(Math.nextUp(209 / 225.0)))
                .isInstanceOfSatisfying(
                        Failure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(FailureKind.UNREACHABLE_SPARSITY));
        assertThatThrownBy(() -> new Policy(List.of(0, 0))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void comparesWithAUniformPolicyThatKeepsAUnitOfEveryModuleIfItCan() {
        assertThat(Budget.leastConstrained(SMALL, 0.6).uniform(0.6)).isEqualTo(new Policy(List.of(1, 3)));
        assertThat(Budget.leastConstrained(SMALL, 0.9).uniform(0.9).retained()).contains(0);
    }

    /** A decimal share that is whole is not rounded up to one more because of its binary representation. */
    @ParameterizedTest
    @ValueSource(doubles = {0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9})
    void takesTheSparsityAsADecimalNumber(double sparsity) {
        Budget budget = new Budget(Architectures.llama(1, 10, 10, 10, 1, 400), 0);
        long removed = Math.round(sparsity * 16_000);
        assertThat(budget.allowance(sparsity)).isEqualTo(16_000 - removed);
        Policy uniform = budget.uniform(sparsity);
        assertThat(budget.sparsity(uniform)).isGreaterThanOrEqualTo(sparsity);
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, 1, -0.1, 1.1, Double.NaN, Double.POSITIVE_INFINITY})
    void rejectsWhatIsNoSparsity(double sparsity) {
        Budget budget = new Budget(SMALL, 0.1);
        assertThatThrownBy(() -> budget.uniform(sparsity))
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.USAGE));
    }

    @Test
    void rejectsPoliciesOfAnotherModel() {
        Budget budget = new Budget(SMALL, 0.1);
        assertThatThrownBy(() -> budget.sparsity(new Policy(List.of(1, 1, 1, 1))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4 modules");
        assertThatThrownBy(() -> budget.sparsity(new Policy(List.of(3, 8))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("8 units of module 1");
    }
}
