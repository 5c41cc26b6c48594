package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PolicyMappingTest {

    private static final int CASES = 500;

    static List<PolicyMapping> mappings() {
        return PolicyMapping.all();
    }

    private static double[] randomScores(SplittableRandom random, int modules) {
        double[] scores = new double[modules];
        double scale = Math.pow(10, random.nextInt(-3, 4));
        for (int module = 0; module < modules; module++) {
            scores[module] = scale * random.nextGaussian();
        }
        return scores;
    }

    private static double reachable(SplittableRandom random, Budget budget) {
        return budget.largestSparsity() * (0.001 + 0.998 * random.nextDouble());
    }

    private static void assertExact(Budget budget, Policy policy, double sparsity) {
        assertThat(budget.sparsity(policy)).isGreaterThanOrEqualTo(sparsity);
        long room = budget.allowance(sparsity);
        for (int module = 0; module < budget.modules(); module++) {
            int retained = policy.retained().get(module);
            assertThat(retained).isBetween(budget.minimumUnits(module), budget.units(module));
            room -= budget.parameters(module, retained);
        }
        assertThat(room).isNotNegative();
        for (int module = 0; module < budget.modules(); module++) {
            int retained = policy.retained().get(module);
            if (retained < budget.units(module)) {
                int next = budget.unitsAbove(module, retained);
                assertThat(room).isLessThan(budget.parameters(module, next) - budget.parameters(module, retained));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("mappings")
    void meetsTheBudgetExactly(PolicyMapping mapping) {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < CASES; i++) {
            Budget budget = new Budget(Architectures.random(random), random.nextDouble(0, 0.5));
            if (budget.largestSparsity() == 0) {
                continue; // one unit in every module
            }
            double sparsity = reachable(random, budget);
            assertExact(budget, mapping.map(randomScores(random, budget.modules()), budget, sparsity), sparsity);
        }
    }

    @ParameterizedTest
    @MethodSource("mappings")
    void meetsTheBudgetExactlyWhereWholeModulesMayGo(PolicyMapping mapping) {
        SplittableRandom random = new SplittableRandom(8);
        int gone = 0;
        for (int i = 0; i < CASES; i++) {
            Budget budget = new Budget(
                    Architectures.random(random),
                    new Constraints(0, random.nextInt(1, 9), Set.of(), random.nextInt(4) == 0));
            double sparsity = reachable(random, budget);
            Policy policy = mapping.map(randomScores(random, budget.modules()), budget, sparsity);
            assertExact(budget, policy, sparsity);
            gone += policy.retained().contains(0) ? 1 : 0;
        }
        assertThat(gone).isGreaterThan(CASES / 4);
    }

    @ParameterizedTest
    @MethodSource("mappings")
    void servesExtremeScores(PolicyMapping mapping) {
        Budget budget = new Budget(Architectures.llama(3, 16, 4, 4, 1, 33), 0.1);
        for (double value : new double[] {0, 1e-300, 1, -5, 1e300, -1e300, Double.MAX_VALUE, -Double.MAX_VALUE}) {
            double[] equal = new double[6];
            Arrays.fill(equal, value);
            assertExact(budget, mapping.map(equal, budget, 0.35), 0.35);
            double[] one = new double[6];
            one[3] = value;
            assertExact(budget, mapping.map(one, budget, 0.35), 0.35);
        }
    }

    @Test
    void shiftNeverTakesFromAModuleWhoseScoreRises() {
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < CASES; i++) {
            Budget budget = new Budget(Architectures.random(random), 0.1);
            if (budget.largestSparsity() == 0) {
                continue;
            }
            double sparsity = reachable(random, budget);
            double[] scores = randomScores(random, budget.modules());
            int module = random.nextInt(budget.modules());
            int last = 0;
            for (int step = 0; step < 20; step++) {
                int retained = new ShiftMapping()
                        .map(scores, budget, sparsity)
                        .retained()
                        .get(module);
                assertThat(retained).isGreaterThanOrEqualTo(last);
                last = retained;
                scores[module] += random.nextDouble(0.2);
            }
        }
    }

    @Test
    void shiftDoesNotDependOnTheOrderOfLayers() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < CASES; i++) {
            List<ModuleSpec> modules = Architectures.random(random);
            Budget budget = new Budget(modules, 0.1);
            if (budget.largestSparsity() == 0) {
                continue;
            }
            double sparsity = reachable(random, budget);
            double[] scores = randomScores(random, modules.size());
            List<Integer> retained =
                    new ShiftMapping().map(scores, budget, sparsity).retained();

            List<Integer> order = new ArrayList<>();
            for (int layer = 0; layer < modules.size() / 2; layer++) {
                order.add(layer);
            }
            Collections.shuffle(order, new java.util.Random(i));
            List<ModuleSpec> shuffledModules = new ArrayList<>();
            double[] shuffledScores = new double[modules.size()];
            List<Integer> expected = new ArrayList<>();
            for (int layer : order) {
                for (int module = 2 * layer; module < 2 * layer + 2; module++) {
                    shuffledScores[expected.size()] = scores[module];
                    shuffledModules.add(modules.get(module));
                    expected.add(retained.get(module));
                }
            }
            Budget shuffled = new Budget(shuffledModules, 0.1);
            assertThat(new ShiftMapping()
                            .map(shuffledScores, shuffled, sparsity)
                            .retained())
                    .isEqualTo(expected);
        }
    }

    /** Equal scores: equal retention, to the nearest unit, plus the unit that the last bit of the budget pays for. */
    @ParameterizedTest
    @CsvSource({"0.2,5,401", "0.3,4,366", "0.5,3,256"})
    void equalScoresGiveEqualRetention(double sparsity, int heads, int channels) {
        Budget budget = new Budget(Architectures.llama(8, 192, 32, 6, 1, 512), 0.1);
        for (double score : new double[] {0, 1, -3.7, 1e300}) {
            double[] scores = new double[16];
            Arrays.fill(scores, score);
            Policy policy = new ShiftMapping().map(scores, budget, sparsity);
            for (int layer = 0; layer < 8; layer++) {
                assertThat(policy.attentionUnits(layer)).isEqualTo(heads);
                assertThat(policy.channels(layer)).isBetween(channels, channels + 1);
            }
        }
    }

    @Test
    void equalScoresGiveEqualRetentionToTheNearestUnitInEveryArchitecture() {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < CASES; i++) {
            Budget budget = new Budget(Architectures.random(random), Double.MIN_NORMAL);
            if (budget.largestSparsity() == 0) {
                continue;
            }
            Policy policy = budget.uniform(reachable(random, budget));
            // The bar r below which every unit came in; beyond it, what the module at the bar could not take.
            double bar = 1;
            long price = 0;
            for (int module = 0; module < budget.modules(); module++) {
                double next = (policy.retained().get(module) + 0.5) / budget.units(module);
                if (next < bar) {
                    bar = next;
                    price = budget.unitParameters(module);
                }
            }
            long extra = 0;
            for (int module = 0; module < budget.modules(); module++) {
                int units = budget.units(module);
                int below = Math.clamp(Math.round(bar * units - 1e-9), 1, units);
                int belowOrAt = Math.clamp(Math.round(bar * units + 1e-9), 1, units);
                int retained = policy.retained().get(module);
                assertThat(retained).isGreaterThanOrEqualTo(below);
                extra += Math.max(0, retained - belowOrAt) * budget.unitParameters(module);
            }
            assertThat(extra).isLessThan(price);
        }
    }

    @Test
    void shiftFollowsTheScores() {
        // Ten units each at equal prices; 20 of 40 stay. t = 0: 0.8, 0.6, 0.4, 0.2 of 10.
        Budget budget = new Budget(Architectures.llama(2, 3, 3, 10, 1, 40), 0.1);
        assertThat(budget.unitParameters(0)).isEqualTo(36);
        assertThat(budget.unitParameters(1)).isEqualTo(9);
        Policy policy = new ShiftMapping().map(new double[] {0.8, 0.6, 0.4, 0.2}, budget, 0.5);
        assertThat(policy.retained()).containsExactly(8, 24, 4, 8);
        Policy extreme = new ShiftMapping().map(new double[] {100, 0, 50, -100}, budget, 0.5);
        assertThat(extreme.retained()).containsExactly(10, 4, 8, 4);
    }

    @Test
    void headroomGrowsInProportionToWhatIsMissing() {
        Budget budget = new Budget(Architectures.llama(2, 3, 3, 10, 1, 40), 0.1);
        // Wished: 0.6, 0.6, 0.2, 0.2 = 40%; to reach 70% every module gets half of what it lacks.
        Policy policy = new HeadroomMapping().map(new double[] {-0.6, 0.6, 0.2, -0.2}, budget, 0.3);
        assertThat(policy.retained()).containsExactly(8, 32, 6, 24);
    }

    @Test
    void headroomServesInLayerOrder() {
        Budget budget = new Budget(Architectures.llama(2, 3, 3, 10, 1, 40), 0.1);
        // Half of 40 tenths: all of the first, 8 of the second, 1 and 1 at the minimum.
        Policy policy = new HeadroomMapping().map(new double[] {1, 2, 3, 4}, budget, 0.5);
        assertThat(policy.retained()).containsExactly(10, 32, 1, 4);
    }

    @Test
    void isFoundByName() {
        assertThat(PolicyMapping.byId("shift")).isEqualTo(new ShiftMapping());
        assertThat(PolicyMapping.byId("headroom")).isEqualTo(new HeadroomMapping());
        assertThatThrownBy(() -> PolicyMapping.byId("slide"))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("slide")
                .hasMessageContaining("shift, headroom");
    }
}
