package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;

/** Random search: what an agent that learns has to beat. */
public final class RandomAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return RandomAgent.KIND;
    }

    @Override
    public String description() {
        return "random search: independent standard normal scores, learns nothing";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(OptionSpec.wholeNumber("batch", "proposals evaluated together", 15, Range.atLeast(1)));
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new RandomAgent(space.sites().size(), options.wholeNumber("batch"), new BatchStreams(seed));
    }
}
