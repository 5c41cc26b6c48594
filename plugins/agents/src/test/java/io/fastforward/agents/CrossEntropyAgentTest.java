package io.fastforward.agents;

import io.fastforward.spi.search.PolicyAgent;

class CrossEntropyAgentTest extends LearningAgentContract {

    @Override
    protected PolicyAgent.Provider provider() {
        return new CrossEntropyAgentProvider();
    }
}
