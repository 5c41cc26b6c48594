package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;

/** The policy of the least error by the modules' features alone. */
public final class SurrogateAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return SurrogateAgent.KIND;
    }

    @Override
    public String description() {
        return "no search: the policy that loses least by the errors of single modules (needs a prior)";
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new SurrogateAgent(space);
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return PolicyAgent.PriorUse.NEEDED;
    }
}
