package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;

class ReinforceAgentTest extends LearningAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new ReinforceAgentProvider();
    }
}
