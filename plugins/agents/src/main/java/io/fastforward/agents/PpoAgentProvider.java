package io.fastforward.agents;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.List;

/** Proximal policy optimisation: the search of FastForward. */
public final class PpoAgentProvider implements PolicyAgent.Provider {

    @Override
    public String id() {
        return PpoAgent.KIND;
    }

    @Override
    public String description() {
        return "proximal policy optimisation of a diagonal Gaussian (FastForward; Schulman et al. 2017)";
    }

    @Override
    public List<OptionSpec> options() {
        return PpoSettings.OPTIONS;
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        return new PpoAgent(Start.of(space, options), seed, PpoSettings.of(options));
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return PolicyAgent.PriorUse.WELCOME;
    }
}
