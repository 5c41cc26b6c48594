package io.fastforward.agents;

import io.fastforward.spi.Options;
import io.fastforward.spi.model.SearchSpace;
import io.fastforward.spi.search.PolicyAgent;
import java.util.Map;

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
    public Map<String, String> options() {
        return Map.of("batch", "proposals evaluated together (15)");
    }

    @Override
    public PolicyAgent create(SearchSpace space, long seed, Options options) {
        int batch = options.integer("batch", 15);
        if (batch < 1) {
            throw new IllegalArgumentException("option batch must be at least 1, but is " + batch);
        }
        return new RandomAgent(space.sites().size(), seed, batch);
    }
}
