package io.fastforward.plugin;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.Objects;

/** A maker of agents that are checked. */
record CheckedAgentProvider(CalledPlugin called, PolicyAgent.Provider plugin)
        implements CheckedPlugin, PolicyAgent.Provider {

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        PolicyAgent agent =
                called.callWithOptions("creating an agent", options, () -> plugin.create(space, seed, options));
        return new CheckedAgent(called, agent, space.sites().size());
    }

    @Override
    public PolicyAgent.PriorUse priorUse() {
        return called.call("telling whether it uses a prior", () -> Objects.requireNonNull(plugin.priorUse()));
    }
}
