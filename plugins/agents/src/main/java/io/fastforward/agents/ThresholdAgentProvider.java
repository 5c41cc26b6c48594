package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;

/** One threshold on the scores of all units of the model, no search: the allocation of FLAP. */
public final class ThresholdAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return "threshold";
    }

    @Override
    public String description() {
        return "no search: the units with the lowest scores of the whole model go; for criteria whose scores compare across"
                + " modules (FLAP, An et al., 2024)";
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new ThresholdAgent(space);
    }
}
