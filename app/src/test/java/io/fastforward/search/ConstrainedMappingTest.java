package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.search.Constraints.Kind;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What {@link PolicyMappingTest} demands of the mappings, when not every number of units is allowed. */
class ConstrainedMappingTest {

    private static final int CASES = 300;

    /** Every mapping, and every set of constraints to do without. */
    static Stream<Arguments> relaxed() {
        List<Set<Kind>> sets = new ArrayList<>(List.of(EnumSet.noneOf(Kind.class)));
        for (Kind kind : Kind.values()) {
            for (Set<Kind> set : List.copyOf(sets)) {
                Set<Kind> larger = EnumSet.of(kind);
                larger.addAll(set);
                sets.add(larger);
            }
        }
        return PolicyMapping.all().stream().flatMap(mapping -> sets.stream().map(set -> Arguments.of(mapping, set)));
    }

    private static double[] randomScores(SplittableRandom random, int modules) {
        double scale = Math.pow(10, random.nextInt(-3, 4));
        return IntStream.range(0, modules)
                .mapToDouble(module -> scale * random.nextGaussian())
                .toArray();
    }

    private static double reachable(SplittableRandom random, Budget budget) {
        return budget.largestSparsity() * (random.nextInt(10) == 0 ? 1 : 0.001 + 0.998 * random.nextDouble());
    }

    /**
     * Every size is allowed, the sparsity is met, and it would be missed if any module had the next size that is
     * allowed: all by the definitions alone.
     */
    private static void assertExact(List<ModuleSpec> modules, Constraints constraints, Policy policy, double sparsity) {
        long total = 0;
        long removed = 0;
        for (int module = 0; module < modules.size(); module++) {
            int retained = policy.retained().get(module);
            assertThat(Architectures.allows(constraints, modules, module, retained))
                    .as("%d of %s", retained, modules.get(module))
                    .isTrue();
            total += modules.get(module).parameters();
            removed += modules.get(module).parameters()
                    - modules.get(module).withUnits(retained).parameters();
        }
        assertThat((double) removed / total).isGreaterThanOrEqualTo(sparsity);
        for (int module = 0; module < modules.size(); module++) {
            int next = policy.retained().get(module) + 1;
            while (next < modules.get(module).units() && !Architectures.allows(constraints, modules, module, next)) {
                next++;
            }
            if (next <= modules.get(module).units()) {
                ModuleSpec spec = modules.get(module);
                long more = spec.withUnits(next).parameters()
                        - spec.withUnits(policy.retained().get(module)).parameters();
                assertThat((double) (removed - more) / total).isLessThan(sparsity);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("relaxed")
    void meetsTheBudgetExactly(PolicyMapping mapping, Set<Kind> relaxed) {
        SplittableRandom random = new SplittableRandom(1);
        int reached = 0;
        for (int i = 0; i < CASES; i++) {
            List<ModuleSpec> modules = Architectures.randomWithUnits(random);
            Constraints constraints =
                    Architectures.randomConstraints(random, modules.size() / 2).without(relaxed);
            Budget budget = new Budget(modules, constraints);
            if (budget.largestSparsity() == 0) {
                continue;
            }
            double sparsity = reachable(random, budget);
            double[] scores = randomScores(random, modules.size());
            assertExact(modules, constraints, mapping.map(scores, budget, sparsity), sparsity);
            reached++;
        }
        assertThat(reached).isGreaterThan(CASES / 4);
    }

    @Test
    void shiftNeverTakesFromAModuleWhoseScoreRises() {
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < CASES; i++) {
            List<ModuleSpec> modules = Architectures.randomWithUnits(random);
            Budget budget = new Budget(modules, Architectures.randomConstraints(random, modules.size() / 2));
            if (budget.largestSparsity() == 0) {
                continue;
            }
            double sparsity = reachable(random, budget);
            double[] scores = randomScores(random, modules.size());
            int module = random.nextInt(modules.size());
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
            List<ModuleSpec> modules = Architectures.randomWithUnits(random);
            Constraints constraints = Architectures.randomConstraints(random, modules.size() / 2);
            Budget budget = new Budget(modules, constraints);
            if (budget.largestSparsity() == 0) {
                continue;
            }
            double sparsity = reachable(random, budget);
            double[] scores = randomScores(random, modules.size());
            List<Integer> retained =
                    new ShiftMapping().map(scores, budget, sparsity).retained();

            List<Integer> order = new ArrayList<>(
                    IntStream.range(0, modules.size() / 2).boxed().toList());
            Collections.shuffle(order, new java.util.Random(i));
            List<Integer> places = order.stream()
                    .flatMap(layer -> Stream.of(2 * layer, 2 * layer + 1))
                    .toList();
            Set<Integer> skipped = new HashSet<>();
            constraints.skippedLayers().forEach(layer -> skipped.add(order.indexOf(layer)));
            Budget shuffled = new Budget(
                    places.stream().map(modules::get).toList(),
                    new Constraints(
                            constraints.minimumRetention(),
                            constraints.widthMultiple(),
                            skipped,
                            constraints.attentionFixed()));
            double[] shuffledScores =
                    places.stream().mapToDouble(place -> scores[place]).toArray();
            assertThat(new ShiftMapping()
                            .map(shuffledScores, shuffled, sparsity)
                            .retained())
                    .isEqualTo(places.stream().map(retained::get).toList());
        }
    }

    /** Two heads or six channels at a time, at equal prices for a share; half of the parameters stay. */
    @Test
    void shiftRoundsToTheNearestMultiple() {
        Budget budget = new Budget(Architectures.llama(2, 3, 3, 10, 1, 40), new Constraints(0.1, 6, Set.of(), false));
        // t = 0: 8 heads, 24 channels, 4 heads and 8 channels, of which the nearest multiple is 6.
        Policy policy = new ShiftMapping().map(new double[] {0.8, 0.6, 0.4, 0.2}, budget, 0.5);
        assertThat(policy.retained()).containsExactly(8, 24, 4, 6);
    }

    @Test
    void headroomRoundsDownToAMultiple() {
        Budget budget = new Budget(Architectures.llama(2, 3, 3, 10, 1, 40), new Constraints(0.1, 6, Set.of(), false));
        // Half of 40 tenths: all of the first, 26 channels, of which 24 are a multiple; the rest at the minimum.
        Policy policy = new HeadroomMapping().map(new double[] {1, 2, 3, 4}, budget, 0.5);
        assertThat(policy.retained()).containsExactly(10, 24, 2, 6);
    }

    /** What is not pruned leaves the others less. */
    @Test
    void uniformSparesWhatIsFixed() {
        List<ModuleSpec> modules = Architectures.llama(3, 3, 3, 10, 1, 40);
        assertThat(new Budget(modules, new Constraints(0.1, 1, Set.of(1), false))
                        .uniform(0.5)
                        .retained())
                .containsExactly(3, 10, 10, 40, 2, 10);
        assertThat(new Budget(modules, new Constraints(0.1, 8, Set.of(), true))
                        .uniform(0.2)
                        .retained())
                .containsExactly(10, 24, 10, 24, 10, 24);
        assertThat(new Budget(modules, new Constraints(0.1, 8, Set.of(0), true))
                        .uniform(0.2)
                        .retained())
                .containsExactly(10, 40, 10, 16, 10, 16);
    }
}
