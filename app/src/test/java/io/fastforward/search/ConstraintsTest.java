package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.search.Constraints.Kind;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class ConstraintsTest {

    /** Heads cost 36, channels 9, every module 360, all of them 1440. */
    private static final List<ModuleSpec> MODULES = Architectures.llama(2, 3, 3, 10, 1, 40);

    @Test
    void constrainNothingButTheMinimumUnlessToldOtherwise() {
        Constraints minimum = Constraints.ofMinimumRetention(Budget.DEFAULT_MINIMUM_RETENTION);
        assertThat(minimum)
                .isEqualTo(new Constraints(Budget.DEFAULT_MINIMUM_RETENTION, 1, Set.of(), false))
                .isEqualTo(new Budget(MODULES, Budget.DEFAULT_MINIMUM_RETENTION).constraints());
        assertThat(minimum.active()).containsExactly(Kind.MINIMUM_RETENTION);
        assertThat(Constraints.ofMinimumRetention(0).active()).isEmpty();
        assertThat(new Constraints(0.5, 8, Set.of(0), true).active()).containsExactly(Kind.values());
    }

    @Test
    void skipOnlyLayersThatThereAre() {
        Constraints skipping = new Constraints(0.1, 1, Set.of(1, 2), false);
        assertRefused(() -> new Budget(MODULES, skipping), "layer 2 cannot be skipped: the model's layers are 0 to 1");
    }

    private static void assertRefused(ThrowingCallable attempt, String message) {
        assertThatThrownBy(attempt)
                .isInstanceOfSatisfying(
                        Failure.class, failure -> assertThat(failure.kind()).isEqualTo(FailureKind.USAGE))
                .hasMessageContaining(message);
    }

    @Test
    void layersAreSorted() {
        assertThat(new Constraints(0.1, 1, Set.of(30, 2, 17, 5), false).skippedLayers())
                .containsExactly(2, 5, 17, 30);
    }

    /** Heads of three features and forty channels, at a multiple of six: every second head, every sixth channel. */
    @Test
    void leaveMultiplesAndTheWhole() {
        Budget budget = new Budget(MODULES, new Constraints(0.2, 6, Set.of(), false));
        assertThat(budget.minimumUnits(0)).isEqualTo(2);
        assertThat(budget.unitsAbove(0, 2)).isEqualTo(4);
        assertThat(budget.unitsAtMost(0, 9)).isEqualTo(8);
        assertThat(budget.minimumUnits(1)).isEqualTo(12);
        assertThat(budget.unitsAbove(1, 36)).isEqualTo(40);
        assertThat(budget.unitsAtMost(1, 39)).isEqualTo(36);
        assertThat(budget.unitsAtMost(1, 40)).isEqualTo(40);
        assertThat(budget.unitsAtMost(1, 5)).isEqualTo(12);
    }

    @Test
    void leaveTheWholeAloneWhereNoMultipleFits() {
        for (int multiple : new int[] {41, 64, Integer.MAX_VALUE}) {
            Budget budget = new Budget(MODULES, new Constraints(0.1, multiple, Set.of(), false));
            assertThat(budget.minimumUnits(0)).isEqualTo(10);
            assertThat(budget.minimumUnits(1)).isEqualTo(40);
        }
        // 38 of 40 channels have to stay, and 36 is the last multiple.
        assertThat(new Budget(MODULES, new Constraints(0.95, 6, Set.of(), false)).minimumUnits(1))
                .isEqualTo(40);
    }

    @Test
    void keepLayersAndAttentionWhole() {
        Budget skipping = new Budget(MODULES, new Constraints(0.1, 1, Set.of(1), false));
        assertThat(minima(skipping)).containsExactly(1, 4, 10, 40);
        Budget fixed = new Budget(MODULES, new Constraints(0.1, 1, Set.of(), true));
        assertThat(minima(fixed)).containsExactly(10, 4, 10, 4);
        Budget both = new Budget(MODULES, new Constraints(0.1, 16, Set.of(1), true));
        assertThat(minima(both)).containsExactly(10, 16, 10, 40);
    }

    private static List<Integer> minima(Budget budget) {
        return List.of(budget.minimumUnits(0), budget.minimumUnits(1), budget.minimumUnits(2), budget.minimumUnits(3));
    }

    /** What is allowed, counted one by one from the definition. */
    @Test
    void sizesAreThoseOfTheDefinition() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 500; i++) {
            List<ModuleSpec> modules = Architectures.randomWithUnits(random);
            Constraints constraints = Architectures.randomConstraints(random, modules.size() / 2);
            Budget budget = new Budget(modules, constraints);
            for (int module = 0; module < modules.size(); module++) {
                int last = 0;
                for (int units = 1; units <= budget.units(module); units++) {
                    if (Architectures.allows(constraints, modules, module, units)) {
                        assertThat(last == 0 ? budget.minimumUnits(module) : budget.unitsAbove(module, last))
                                .isEqualTo(units);
                        last = units;
                    }
                    assertThat(budget.unitsAtMost(module, units))
                            .isEqualTo(last == 0 ? budget.minimumUnits(module) : last);
                }
            }
        }
    }

    /** A policy from elsewhere can be measured. */
    @Test
    void areNotForGivenPolicies() {
        Budget budget = new Budget(MODULES, new Constraints(0.5, 16, Set.of(0), true));
        assertThat(budget.sparsity(new Policy(List.of(1, 1, 9, 39)))).isEqualTo((1440 - 36 - 9 - 324 - 351) / 1440.0);
    }

    @Test
    void nameTheOneThatMakesASparsityUnreachable() {
        assertUnreachable(
                new Constraints(0.1, 1, Set.of(), false),
                0.93,
                "the largest is 0.9000; with <budget.minimumRetention> 0 it is 0.9937; ask for less or relax the"
                        + " constraints");
        assertUnreachable(
                new Constraints(0.1, 64, Set.of(), false),
                0.9,
                "the largest is 0.0000; without <budget.widthMultiple> 64 it is 0.9000; ask for less or relax the"
                        + " constraints");
        assertUnreachable(
                new Constraints(0.1, 1, Set.of(1), false),
                0.6,
                "the largest is 0.4500; without <budget.keptLayers> it is 0.9000; ask for less or relax the"
                        + " constraints");
        assertUnreachable(
                new Constraints(0.1, 1, Set.of(), true),
                0.6,
                "the largest is 0.4500; without <budget.attention> none it is 0.9000; ask for less or relax the"
                        + " constraints");
    }

    @Test
    void nameEachThatMakesASparsityUnreachable() {
        assertUnreachable(
                new Constraints(0.1, 6, Set.of(0), true),
                0.3,
                "the largest is 0.2125; without <budget.keptLayers> it is 0.4250; "
                        + "without <budget.attention> none it is 0.4125; ask for less or relax the constraints");
    }

    @Test
    void nameThoseThatTogetherMakeASparsityUnreachable() {
        assertUnreachable(
                new Constraints(0.1, 1, Set.of(0), true),
                0.8,
                "the largest is 0.2250; without <budget.keptLayers> and without <budget.attention> none it is 0.9000; "
                        + "ask for less or relax the constraints");
    }

    @Test
    void areNotToBlameForWhatNoPolicyReaches() {
        assertUnreachable(
                Constraints.ofMinimumRetention(0),
                0.995,
                "the largest is 0.9937, as something of one module has to stay; ask for less");
    }

    private static void assertUnreachable(Constraints constraints, double sparsity, String message) {
        assertThatThrownBy(() -> new Budget(MODULES, constraints).allowance(sparsity))
                .isInstanceOfSatisfying(
                        Failure.class,
                        failure -> assertThat(failure.kind()).isEqualTo(FailureKind.UNREACHABLE_SPARSITY))
                .hasMessage("no policy reaches a sparsity of " + sparsity + ": " + message);
    }
}
