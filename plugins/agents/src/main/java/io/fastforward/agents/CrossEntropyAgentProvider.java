package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;
import java.util.stream.Stream;

/** The cross-entropy method: a Gaussian that follows the best of every batch (de Boer et al., 2005). */
public final class CrossEntropyAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return CrossEntropyAgent.KIND;
    }

    @Override
    public String description() {
        return "the cross-entropy method: a Gaussian that follows the best of every batch (de Boer et al., 2005)";
    }

    @Override
    public List<OptionSpec> options() {
        return Stream.concat(
                        Start.OPTIONS.stream(),
                        Stream.of(
                                OptionSpec.number(
                                        "elite",
                                        "share of a batch that it follows",
                                        0.3,
                                        Range.above(0).atMost(1)),
                                OptionSpec.number(
                                        "smoothing",
                                        "how far it follows",
                                        0.7,
                                        Range.above(0).atMost(1)),
                                OptionSpec.number(
                                        "least-std", "standard deviation that it keeps", 0.01, Range.between(0, 1e3))))
                .toList();
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new CrossEntropyAgent(space, seed, options);
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return PolicyAgent.PriorUse.WELCOME;
    }
}
