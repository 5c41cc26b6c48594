package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UniformAgentTest extends PolicyAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new UniformAgentProvider();
    }

    @Override
    protected boolean stochastic() {
        return false;
    }

    @Test
    void proposesEqualScoresOnce() {
        PolicyAgent agent = provider().create(space(4), 1, options(Map.of()));
        assertThat(agent.episodeLimit()).isEqualTo(1);
        assertThat(agent.propose(1, 0.5).getFirst()).containsOnly(0);
    }
}
