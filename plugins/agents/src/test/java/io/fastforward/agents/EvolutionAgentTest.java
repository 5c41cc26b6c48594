package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;

class EvolutionAgentTest extends LearningAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new EvolutionAgentProvider();
    }
}
