package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;

/** Uniform pruning: the same retention everywhere, no search. */
public final class UniformAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return UniformAgent.KIND;
    }

    @Override
    public String description() {
        return "no search: equal scores, hence the same retention in every module";
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new UniformAgent(space.sites().size());
    }
}
