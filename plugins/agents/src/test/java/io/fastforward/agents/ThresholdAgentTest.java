package io.fastforward.agents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.model.Site;
import io.fastforward.spi.search.PolicyAgent;
import io.fastforward.testkit.PolicyAgentContract;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ThresholdAgentTest extends PolicyAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new ThresholdAgentProvider();
    }

    @Override
    protected boolean stochastic() {
        return false;
    }

    private double[] best(double sparsity, Site... sites) {
        return provider()
                .create(new SearchSpace(List.of(sites), 0.5, List.of()), 1, options(Map.of()))
                .best(sparsity);
    }

    private static Site attention(int minimum, Double... scores) {
        return new Site(0, Site.Kind.ATTENTION, scores.length, minimum, 40, 0, 1, List.of(scores), List.of());
    }

    private static Site mlp(int minimum, Double... scores) {
        return new Site(0, Site.Kind.MLP, scores.length, minimum, 10, 0, 1, List.of(scores), List.of());
    }

    @Test
    void theLowestScoresOfAllSitesGo() {
        Site heads = attention(1, 9.0, 5.0, 2.0, 0.5);
        Site channels = mlp(1, 8.0, 3.0, 1.0, 0.1);
        // Of 200 parameters 60 are to go: 0.1 (10), 0.5 (40), 1.0 (10).
        assertThat(best(0.3, heads, channels)).containsExactly(0.75, 0.5);
        assertThat(best(0.25, heads, channels)).containsExactly(0.75, 0.75);
        assertThat(best(0.05, heads, channels)).containsExactly(1, 0.75);
    }

    /** 0.1 and 0.5 remove 50 where 40 would do: the channel comes back, though the head scores more. */
    @Test
    void whatIsTooMuchIsHandedBack() {
        assertThat(best(0.2, attention(1, 9.0, 5.0, 2.0, 0.5), mlp(1, 8.0, 3.0, 1.0, 0.1)))
                .containsExactly(0.75, 1);
    }

    @Test
    void theLastUnitStaysAndWhatConstraintsLeave() {
        assertThat(best(0.9, attention(0, 3.0, 2.0), mlp(3, 0.3, 0.2, 0.1, 0.0)))
                .containsExactly(0.5, 0.75);
        assertThat(best(0.4, attention(2, 3.0, 2.0), mlp(0, 9.0, 8.0, 7.0, 6.0)))
                .containsExactly(1, 0.25);
    }

    /** What goes with the last unit alone counts as part of the model. */
    @Test
    void fixedParametersCount() {
        Site site = new Site(
                0,
                Site.Kind.MLP,
                10,
                1,
                10,
                100,
                1,
                List.of(9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0),
                List.of());
        assertThat(best(0.2, site, site)[0]).isCloseTo(0.6, within(1e-15));
    }

    @Test
    void equalScoresLeaveEqualShares() {
        assertThat(best(0.5, mlp(0, 1.0, 1.0, 1.0, 1.0), mlp(0, 1.0, 1.0, 1.0, 1.0)))
                .containsExactly(0.5, 0.5);
    }

    @Test
    void itProposesOnce() {
        PolicyAgent agent = provider().create(space(4), 1, options(Map.of()));
        assertThat(agent.episodeLimit()).isEqualTo(1);
        assertThat(agent.propose(1, 0.3).getFirst()).isEqualTo(agent.best(0.3));
    }
}
