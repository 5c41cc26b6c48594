package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RandomAgentTest extends PolicyAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new RandomAgentProvider();
    }

    @Override
    protected boolean stochastic() {
        return true;
    }

    @Test
    void scoresAreStandardNormal() {
        PolicyAgent agent = provider().create(space(50), 1, options(Map.of()));
        double[] all =
                agent.propose(200, 0.5).stream().flatMapToDouble(Arrays::stream).toArray();
        double mean = Arrays.stream(all).average().orElseThrow();
        double variance = Arrays.stream(all).map(x -> x * x).average().orElseThrow();
        assertThat(mean).isCloseTo(0, within(0.04)); // 4 standard errors of 10,000 numbers
        assertThat(variance).isCloseTo(1, within(0.06)); // 4 · √(2 / 10,000)
    }
}
