package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.model.Model;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What bfloat16 does to the losses that a search compares, on the demo model: hardly anything to their order. */
class Bfloat16DemoTest {

    private static final int CANDIDATES = 100;
    private static final int WINDOWS = 4;

    @Test
    void candidatesKeepTheirOrderAndTheDenseModelItsPerplexity() {
        ComputeBackend.Provider provider = PluginRegistry.load(null).find(PluginKind.BACKEND, "cpu");
        PrecisionSupport support = provider.support("cpu", Precision.BFLOAT16);
        assumeTrue(support.available(), support.message());
        TokenWindows windows = TokenWindows.consecutive(DemoModel.tokens("validation.txt"), DemoModel.WINDOW, WINDOWS);
        try (Model model = DemoModel.open()) {
            List<Policy> policies = new ArrayList<>(List.of(model.spec().densePolicy()));
            var random = new SplittableRandom(1);
            for (int i = 0; i < CANDIDATES; i++) {
                policies.add(random(model, random));
            }
            List<double[]> losses = Stream.of(Precision.SINGLE, Precision.BFLOAT16)
                    .map(precision -> {
                        try (ComputeBackend backend = provider.open("cpu", 2, precision);
                                RunningModel running = new RunningModel(backend, model)) {
                            return running.decoder().logLikelihoods(windows, policies).stream()
                                    .mapToDouble(logs -> Perplexity.meanNegativeLogLikelihood(logs, windows))
                                    .toArray();
                        }
                    })
                    .toList();
            assertThat(losses.getLast()).as("losses in bfloat16").isNotEqualTo(losses.getFirst());
            assertThat(Math.exp(losses.getLast()[0]))
                    .as("perplexity of the dense model")
                    .isCloseTo(Math.exp(losses.getFirst()[0]), withinPercentage(0.3));
            double correlation = rankCorrelation(
                    Arrays.copyOfRange(losses.getFirst(), 1, policies.size()),
                    Arrays.copyOfRange(losses.getLast(), 1, policies.size()));
            assertThat(correlation)
                    .as("rank correlation of the candidates' losses")
                    .isGreaterThanOrEqualTo(0.999);
        }
    }

    /** Some 60% to 100% of the units of every module. */
    private static Policy random(Model model, SplittableRandom random) {
        return new Policy(model.spec().modules().stream()
                .map(module -> random.nextInt((int) Math.ceil(0.6 * module.units()), module.units() + 1))
                .toList());
    }

    /** Spearman's; no two losses are the same. */
    private static double rankCorrelation(double[] left, double[] right) {
        int[] leftRanks = ranks(left);
        int[] rightRanks = ranks(right);
        double squares = IntStream.range(0, left.length)
                .mapToDouble(i -> Math.pow(leftRanks[i] - rightRanks[i], 2))
                .sum();
        double n = left.length;
        return 1 - 6 * squares / (n * (n * n - 1));
    }

    private static int[] ranks(double[] values) {
        List<Integer> order = IntStream.range(0, values.length)
                .boxed()
                .sorted(Comparator.comparingDouble(i -> values[i]))
                .toList();
        int[] ranks = new int[values.length];
        for (int rank = 0; rank < ranks.length; rank++) {
            ranks[order.get(rank)] = rank;
        }
        return ranks;
    }
}
