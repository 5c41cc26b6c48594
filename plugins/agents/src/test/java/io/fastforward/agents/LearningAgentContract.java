package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What every agent does besides that searches around a mean or a generation, from equal scores or from a prior. */
abstract class LearningAgentContract extends PolicyAgentContract {

    private static final double SPARSITY = 0.3;

    @Override
    protected boolean stochastic() {
        return true;
    }

    @Test
    void itLearnsWhereTheRewardIs() {
        for (long seed = 1; seed <= 3; seed++) {
            PolicyAgent agent = provider().create(space(4), seed, options(Map.of()));
            double untrained = Closeness.reward(agent.best(SPARSITY));
            Closeness.train(agent, 40, SPARSITY);
            assertThat(untrained).isCloseTo(Closeness.reward(new double[4]), within(1e-9));
            assertThat(Closeness.reward(agent.best(SPARSITY))).isGreaterThan(1 - 0.2 * (1 - untrained));
        }
    }

    /** However broken one candidate is. */
    @Test
    void oneBrokenCandidateDoesNotRuinIt() {
        PolicyAgent agent = provider().create(space(4), 1, options(Map.of()));
        Closeness.trainWithABrokenOne(agent, 40, SPARSITY);
        assertThat(Closeness.reward(agent.best(SPARSITY))).isGreaterThan(Closeness.reward(new double[4]) + 0.05);
    }

    @Test
    void itStartsFromThePrior() {
        SearchSpace space = new SearchSpace(space(4).sites(), SPARSITY, List.of(List.of(0.9, 0.2, 0.6, 0.4)));
        PolicyAgent agent = provider().create(space, 1, options(Map.of("prior-std", "0.001")));
        assertThat(agent.best(SPARSITY)).containsExactly(0.9, 0.2, 0.6, 0.4);
        assertThat(agent.propose(2, SPARSITY).getLast()[0]).isCloseTo(0.9, within(0.01));
    }
}
