package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.Options;
import io.fastforward.spi.PolicyAgent;
import io.fastforward.spi.PolicyAgent.Outcome;
import io.fastforward.spi.PolicyAgentContract;
import io.fastforward.spi.SearchSpace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PpoAgentTest extends PolicyAgentContract {

    private static final double SPARSITY = 0.3;
    private static final double[] TARGET = {1, -0.5, 0.3, 0.8, -1, 0};

    @Override
    protected PolicyAgent.Provider provider() {
        return new PpoAgentProvider();
    }

    @Override
    protected boolean stochastic() {
        return true;
    }

    @Override
    protected Map<String, String> badOptions() {
        return Map.of(
                "batch", "1",
                "epochs", "0",
                "learning-rate", "-0.1",
                "clip", "1.5",
                "entropy", "-1",
                "value-weight", "NaN",
                "gradient-norm", "0",
                "initial-std", "wide");
    }

    private static double reward(double[] scores) {
        double distance = 0;
        for (int i = 0; i < TARGET.length; i++) {
            distance += (scores[i] - TARGET[i]) * (scores[i] - TARGET[i]);
        }
        return 1 - distance / 10;
    }

    private PolicyAgent trained(long seed, int batches, Map<String, String> options) {
        PolicyAgent agent = provider().create(new SearchSpace(TARGET.length, SPARSITY), seed, new Options(options));
        for (int batch = 0; batch < batches; batch++) {
            agent.observe(agent.propose(agent.batchSize(), SPARSITY).stream()
                    .map(scores -> new Outcome(scores, SPARSITY, reward(scores)))
                    .toList());
        }
        return agent;
    }

    private static double meanReward(PolicyAgent agent) {
        return agent.propose(200, SPARSITY).stream()
                .mapToDouble(PpoAgentTest::reward)
                .average()
                .orElseThrow();
    }

    @Test
    void startsAtEqualScoresWithTheGivenDeviation() {
        PolicyAgent agent = trained(1, 0, Map.of("initial-std", "0.5"));
        assertThat(Arrays.stream(agent.best(SPARSITY)).map(Math::abs).max().orElseThrow())
                .isLessThan(0.01);
        double variance = agent.propose(1000, SPARSITY).stream()
                .flatMapToDouble(Arrays::stream)
                .map(score -> score * score)
                .average()
                .orElseThrow();
        assertThat(Math.sqrt(variance)).isCloseTo(0.5, within(0.02));
    }

    @Test
    void learnsWhereTheRewardIs() {
        for (long seed = 1; seed <= 3; seed++) {
            PolicyAgent trained = trained(seed, 40, Map.of());
            PolicyAgent untrained = trained(seed, 0, Map.of());
            // The untrained mean is 0, hence 1 − |target|² / 10 = 0.702.
            assertThat(reward(untrained.best(SPARSITY))).isCloseTo(0.702, within(0.01));
            assertThat(reward(trained.best(SPARSITY))).isGreaterThan(0.9);
            assertThat(meanReward(trained)).isGreaterThan(meanReward(untrained) + 0.15);
        }
    }

    @Test
    void oneBrokenCandidateDoesNotHideWhatTheOthersTell() {
        PolicyAgent agent = provider().create(new SearchSpace(TARGET.length, SPARSITY), 1, Options.NONE);
        for (int batch = 0; batch < 40; batch++) {
            List<double[]> proposals = agent.propose(agent.batchSize(), SPARSITY);
            List<Outcome> outcomes = new ArrayList<>();
            outcomes.add(new Outcome(proposals.getFirst(), SPARSITY, -1e9));
            for (double[] scores : proposals.subList(1, proposals.size())) {
                outcomes.add(new Outcome(scores, SPARSITY, reward(scores)));
            }
            agent.observe(outcomes);
        }
        assertThat(reward(agent.best(SPARSITY))).isGreaterThan(0.8);
    }

    @Test
    void advantagesAreNormalized() {
        double[] advantages = PpoAgent.normalizedAdvantages(new double[] {0.1, 0.2, 0.6}, 0.9);
        // Mean 0.3, variance (0.04 + 0.01 + 0.09) / 3, whatever the value.
        double deviation = Math.sqrt(0.14 / 3);
        assertThat(advantages)
                .containsExactly(new double[] {-0.2 / deviation, -0.1 / deviation, 0.3 / deviation}, within(1e-6));
        assertThat(PpoAgent.normalizedAdvantages(new double[] {0.5, 0.5}, 0.9)).containsOnly(0);
        assertThat(PpoAgent.normalizedAdvantages(new double[] {0.5}, 0.9)).containsOnly(0);
    }
}
