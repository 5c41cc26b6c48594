package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SurrogateAgentTest extends PolicyAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new SurrogateAgentProvider();
    }

    @Override
    protected boolean stochastic() {
        return false;
    }

    @Test
    void itProposesThePriorOnce() {
        SearchSpace space = new SearchSpace(space(2).sites(), 0.3, List.of(List.of(0.5, 0.25), List.of(1.0, 0.75)));
        PolicyAgent agent = provider().create(space, 1, options(Map.of()));
        assertThat(agent.episodeLimit()).isEqualTo(2);
        assertThat(agent.propose(2, 0.3)).containsExactly(new double[] {0.5, 0.25}, new double[] {1, 0.75});
        assertThat(agent.best(0.3)).containsExactly(0.5, 0.25);
    }

    @Test
    void withoutAPriorItHasNothingToPropose() {
        SearchSpace space = new SearchSpace(space(2).sites(), 0.3, List.of());
        assertThatThrownBy(() -> provider().create(space, 1, options(Map.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("prior");
    }
}
