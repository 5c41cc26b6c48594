package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;
import java.util.stream.Stream;

/** REINFORCE of a diagonal Gaussian, with the mean reward of the other proposals as baseline (Williams, 1992). */
public final class ReinforceAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return ReinforceAgent.KIND;
    }

    @Override
    public String description() {
        return "REINFORCE of a diagonal Gaussian, with the mean reward of the other proposals as baseline (Williams, 1992)";
    }

    @Override
    public List<OptionSpec> options() {
        return Stream.concat(
                        Start.OPTIONS.stream(),
                        Stream.of(OptionSpec.number(
                                "learning-rate",
                                "Adam's step",
                                0.02,
                                Range.above(0).atMost(1))))
                .toList();
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new ReinforceAgent(space, seed, options);
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return PolicyAgent.PriorUse.WELCOME;
    }
}
