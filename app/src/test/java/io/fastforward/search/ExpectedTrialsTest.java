package io.fastforward.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.search.SyntheticModel.Climber;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpectedTrialsTest {

    private static final double SPARSITY = 0.4;

    private final Budget budget = new Budget(Architectures.llama(4, 24, 4, 6, 1, 64), 0.1);
    private final SyntheticModel model = new SyntheticModel(budget);

    private static SearchSettings settings(int episodes, boolean race) {
        return new SearchSettings(
                episodes, 3, SPARSITY, new ShiftMapping(), Schedule.DEFAULT, 16, 3, 32, 8, race, true);
    }

    /** Windows that pass the dense model, and all others. */
    private double[] windows(SearchSettings settings, PolicyAgent agent) {
        new PolicySearch(
                        new SearchTask(settings, budget, List.of(budget.uniform(0.45))),
                        agent,
                        model,
                        Reward.PERPLEXITY_RATIO,
                        (trials, state) -> {})
                .run();
        double dense = 0;
        double candidates = 0;
        for (var batch : model.calls()) {
            for (Policy policy : batch.candidates()) {
                if (policy.equals(budget.dense())) {
                    dense += batch.windows().size();
                } else {
                    candidates += batch.windows().size();
                }
            }
        }
        return new double[] {candidates, dense};
    }

    /** The agent proposes some policies twice, the more, the surer it is; without a race every finalist passes all windows. */
    @ParameterizedTest
    @ValueSource(ints = {20, 43, 200})
    void countsTheWindowsOfASearchWithoutARace(int episodes) {
        SearchSettings settings = settings(episodes, false);
        PolicyAgent agent = new Climber(budget.modules(), 1);
        double[] actual = windows(settings, agent);
        ExpectedTrials expected = ExpectedTrials.of(settings, agent.batchSize(), agent.episodeLimit(), 1);
        assertThat(expected.windows()).isBetween(actual[0], 1.25 * actual[0]);
        assertThat(expected.denseWindows()).isEqualTo(actual[1]);
    }

    @Test
    void aRaceTakesNoMoreThanAllWindows() {
        PolicyAgent agent = new Climber(budget.modules(), 1);
        SearchSettings racing = settings(43, true);
        double[] actual = windows(racing, agent);
        ExpectedTrials expected = ExpectedTrials.of(racing, agent.batchSize(), agent.episodeLimit(), 1);
        ExpectedTrials most = ExpectedTrials.of(settings(43, false), agent.batchSize(), agent.episodeLimit(), 1);
        assertThat(expected.windows()).isLessThan(most.windows()).isBetween(actual[0] / 1.5, actual[0] * 1.5);
    }

    @Test
    void proposalsThatAreFinalistsAtOnceAreComparedAndNothingElse() {
        ExpectedTrials expected = ExpectedTrials.of(settings(300, true), 3, 3, 3);
        assertThat(expected).isEqualTo(new ExpectedTrials(4, 4 * 8, 8));
    }
}
