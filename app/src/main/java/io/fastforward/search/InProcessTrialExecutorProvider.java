package io.fastforward.search;

import io.fastforward.spi.Options;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;

/** Evaluates trials in this process, one after the other. */
public final class InProcessTrialExecutorProvider implements TrialExecutor.Provider {

    @Override
    public String id() {
        return "local";
    }

    @Override
    public String description() {
        return "evaluates trials in this process";
    }

    @Override
    public TrialExecutor create(TrialExecutor.SearchProcess search, Workload workload, Options options) {
        return new InProcessTrialExecutor(search.local());
    }
}
