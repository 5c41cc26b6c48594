package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.spi.search.PolicyAgent.Outcome;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PpoAgentTest extends PolicyAgentContract {

    private static final PpoSettings DEFAULTS = PpoSettings.of(Options.of(PpoSettings.OPTIONS, Map.of()));

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

    private static double reward(double[] scores) {
        double distance = 0;
        for (int i = 0; i < TARGET.length; i++) {
            distance += (scores[i] - TARGET[i]) * (scores[i] - TARGET[i]);
        }
        return 1 - distance / 10;
    }

    private PolicyAgent trained(long seed, int batches, Map<String, String> given) {
        PolicyAgent agent = provider().create(space(TARGET.length), seed, options(given));
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
        for (long seed = 1; seed <= 2; seed++) {
            PolicyAgent trained = trained(seed, 40, Map.of());
            PolicyAgent untrained = trained(seed, 0, Map.of());
            // The untrained mean is 0, hence 1 − |target|² / 10 = 0.702.
            assertThat(reward(untrained.best(SPARSITY))).isCloseTo(0.702, within(0.01));
            assertThat(reward(trained.best(SPARSITY))).isGreaterThan(0.9);
            assertThat(meanReward(trained)).isGreaterThan(meanReward(untrained) + 0.15);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"reward", "rank"})
    void oneBrokenCandidateDoesNotHideWhatTheOthersTell(String advantage) {
        PolicyAgent agent = trained(1, 0, Map.of("advantage", advantage));
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
        double[] advantages = Advantages.normalized(new double[] {0.1, 0.2, 0.6}, 0.9);
        // Mean 0.3, variance (0.04 + 0.01 + 0.09) / 3, whatever the value.
        double deviation = Math.sqrt(0.14 / 3);
        assertThat(advantages)
                .containsExactly(new double[] {-0.2 / deviation, -0.1 / deviation, 0.3 / deviation}, within(1e-6));
        assertThat(Advantages.normalized(new double[] {0.5, 0.5}, 0.9)).containsOnly(0);
        assertThat(Advantages.normalized(new double[] {0.5}, 0.9)).containsOnly(0);
    }

    @Test
    void equalRewardsShareTheirRank() {
        assertThat(Advantages.ranks(new double[] {0.4, -1, 0.4, 0.9})).containsExactly(2, 0.5, 2, 3.5);
        assertThat(Advantages.ranks(new double[] {5})).containsExactly(0.5);
    }

    /** Both losses as formulas, differentiated numerically; some ratios and values are beyond the clip. */
    @Test
    void gradientIsThatOfTheClippedLosses() {
        PpoSettings settings = DEFAULTS;
        PpoAgent agent = new PpoAgent(new Start(new double[TARGET.length], 0.3), 5, settings);
        List<double[]> proposals = agent.propose(8, SPARSITY);
        List<Outcome> outcomes = proposals.stream()
                .map(scores -> new Outcome(scores, SPARSITY, reward(scores)))
                .toList();
        double[] advantages = {1.5, -1.2, 0.3, -0.4, 0.9, -0.8, 0.1, -0.4};
        double[] rewards = {0.9, 0.1, 0.4, 0.3, 0.8, -1, 0.2, 0};
        double[] oldLogProbabilities = agent.logProbabilities(outcomes, agent.best(SPARSITY));
        for (int i = 0; i < oldLogProbabilities.length; i++) {
            oldLogProbabilities[i] += 0.15 * (i - 3.5); // ratios from 0.59 to 1.69
        }
        double oldValue = agent.value(SPARSITY) - 0.3;

        double[] gradient = new double[agent.parameters.length];
        agent.addPolicyGradient(outcomes, advantages, oldLogProbabilities, gradient);
        agent.addValueGradient(SPARSITY, rewards, oldValue, gradient);

        for (int i = 0; i < agent.parameters.length; i += i < 600 || nearDeviations(agent, i) ? 1 : 1009) {
            double step = 1e-5;
            double original = agent.parameters[i];
            agent.parameters[i] = original + step;
            double above = loss(agent, outcomes, advantages, oldLogProbabilities, rewards, oldValue);
            agent.parameters[i] = original - step;
            double below = loss(agent, outcomes, advantages, oldLogProbabilities, rewards, oldValue);
            agent.parameters[i] = original;
            // Truncation: step² · third derivative, of order 100 here; rounding: 2⁻⁵³ / step.
            assertThat(gradient[i]).isCloseTo((above - below) / (2 * step), within(1e-7));
        }
    }

    private static boolean nearDeviations(PpoAgent agent, int i) {
        return Math.abs(i - agent.firstLogDeviation) <= 1009 + TARGET.length;
    }

    private static double loss(
            PpoAgent agent,
            List<Outcome> outcomes,
            double[] advantages,
            double[] oldLogProbabilities,
            double[] rewards,
            double oldValue) {
        PpoSettings settings = DEFAULTS;
        double[] mean = agent.best(SPARSITY);
        double value = agent.value(SPARSITY);
        double clippedValue = Math.min(Math.max(value, oldValue - settings.clip()), oldValue + settings.clip());
        double loss = 0;
        for (int i = 0; i < advantages.length; i++) {
            double logProbability = 0;
            for (int module = 0; module < mean.length; module++) {
                double logDeviation = agent.parameters[agent.firstLogDeviation + module];
                double distance = outcomes.get(i).scores()[module] - mean[module];
                logProbability -= distance * distance / (2 * Math.exp(2 * logDeviation)) + logDeviation;
            }
            double ratio = Math.exp(logProbability - oldLogProbabilities[i]);
            double clippedRatio = Math.min(Math.max(ratio, 1 - settings.clip()), 1 + settings.clip());
            loss -= Math.min(ratio * advantages[i], clippedRatio * advantages[i]) / advantages.length;
            loss += settings.valueWeight()
                    * Math.max(Math.pow(value - rewards[i], 2), Math.pow(clippedValue - rewards[i], 2))
                    / rewards.length;
        }
        for (int module = 0; module < mean.length; module++) {
            // The entropy of a normal distribution is its log-deviation plus a constant.
            loss -= settings.entropyBonus() * agent.parameters[agent.firstLogDeviation + module];
        }
        return loss;
    }

    /** Where there is a prior, it is the first guess, and proposals stay close to it. */
    @Test
    void aPriorIsWhereItStarts() {
        List<Double> prior = List.of(0.9, 0.2, 0.6, 0.4);
        SearchSpace space = new SearchSpace(space(4).sites(), SPARSITY, List.of(prior));
        PolicyAgent agent = provider().create(space, 1, options(Map.of("prior-std", "0.001")));
        for (double[] scores :
                List.of(agent.best(SPARSITY), agent.propose(1, SPARSITY).getFirst())) {
            for (int site = 0; site < 4; site++) {
                assertThat(scores[site]).isCloseTo(prior.get(site), within(0.05));
            }
        }
    }
}
