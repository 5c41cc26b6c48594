package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;

/** What the agent {@code threshold} proposes becomes the policy that it means. */
class ThresholdAllocationTest {

    private static final Normalization RMS = new Normalization(Normalization.Kind.RMS, 1e-5);

    @RepeatedTest(200)
    void shiftMakesOfTheSharesWhatTheThresholdRetains(RepetitionInfo repetition) {
        SplittableRandom random = new SplittableRandom(repetition.getCurrentRepetition());
        List<ModuleSpec> modules = modules(random);
        double minimumRetention = random.nextBoolean() ? 0 : random.nextDouble(0.3);
        Constraints constraints = Constraints.ofMinimumRetention(minimumRetention);
        Budget budget = new Budget(modules, random.nextInt(4) == 0 ? constraints.withAttentionFixed() : constraints);
        List<List<Double>> scores = scores(modules, random);
        double sparsity = Math.min(random.nextDouble(0.05, 0.8), 0.9 * floorSparsity(budget));

        double[] shares = threshold()
                .create(budget.searchSpace(sparsity, scores, List.of(), List.of()), 1, Options.defaults(threshold()))
                .best(sparsity);
        Policy policy = new ShiftMapping().map(shares, budget, sparsity);

        assertThat(policy.retained())
                .isEqualTo(IntStream.range(0, shares.length)
                        .mapToObj(module -> (int) Math.rint(shares[module] * budget.units(module)))
                        .toList());
        assertThat(budget.meets(policy, sparsity)).isTrue();
        requireLowestScores(budget, scores, policy, sparsity);
    }

    /** It retains at least what FLAP does, which stops at the unit that meets the sparsity, and that unit's worth more at most. */
    private static void requireLowestScores(Budget budget, List<List<Double>> scores, Policy policy, double sparsity) {
        int[] retained =
                budget.dense().retained().stream().mapToInt(Integer::intValue).toArray();
        int last = -1;
        while (!budget.meets(policy(retained), sparsity)) {
            last = IntStream.range(0, retained.length)
                    .filter(module -> retained[module] > Math.max(1, budget.minimumUnits(module)))
                    .boxed()
                    .min(Comparator.comparingDouble(module -> scores.get(module).get(retained[module] - 1)))
                    .orElseThrow();
            retained[last]--;
        }
        for (int module = 0; module < retained.length; module++) {
            assertThat(policy.retained().get(module)).isGreaterThanOrEqualTo(retained[module]);
        }
        assertThat(budget.removedParameters(policy(retained)) - budget.removedParameters(policy))
                .isBetween(0L, budget.unitParameters(last));
    }

    private static Policy policy(int[] retained) {
        return new Policy(Arrays.stream(retained).boxed().toList());
    }

    /** With a unit of every module left, whatever else the constraints allow. */
    private static double floorSparsity(Budget budget) {
        return budget.sparsity(new Policy(IntStream.range(0, budget.modules())
                .mapToObj(module -> Math.max(1, budget.minimumUnits(module)))
                .toList()));
    }

    private static List<ModuleSpec> modules(SplittableRandom random) {
        List<ModuleSpec> modules = new ArrayList<>();
        boolean biases = random.nextBoolean();
        AttentionUnit unit = random.nextBoolean() ? AttentionUnit.KV_GROUP : AttentionUnit.QUERY_HEAD;
        for (int layer = random.nextInt(1, 6); layer > 0; layer--) {
            modules.add(
                    new AttentionSpec(RMS, 24, 4, random.nextInt(1, 9), random.nextInt(1, 5), null, 0, biases, biases)
                            .withUnit(unit));
            modules.add(new MlpSpec(RMS, 24, random.nextInt(2, 150), true, Activation.SILU, biases, biases));
        }
        return modules;
    }

    private static List<List<Double>> scores(List<ModuleSpec> modules, SplittableRandom random) {
        return modules.stream()
                .map(module -> random.doubles(module.units())
                        .boxed()
                        .sorted(Collections.reverseOrder())
                        .toList())
                .toList();
    }

    private static PolicyAgent.Provider threshold() {
        return ServiceLoader.load(PolicyAgent.Provider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(provider -> provider.id().equals("threshold"))
                .findFirst()
                .orElseThrow();
    }
}
