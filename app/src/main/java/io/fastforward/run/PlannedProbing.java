package io.fastforward.run;

import io.fastforward.nested.NestedOrder;
import io.fastforward.run.stage.Probing;
import io.fastforward.run.stage.RunContext;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.RepairedMap;
import java.util.Map;

/**
 * Tries single modules where a run evaluates its candidates.
 *
 * @param run what its stages share
 */
record PlannedProbing(ModelRequest request, ServingPlugins serving, RunPlan plan, RunContext run) implements Probing {

    @Override
    public Workload workload(NestedOrder order, Map<Integer, RepairedMap> maps) {
        return plan.probes(request, serving, run.record().model(), order, maps);
    }

    @Override
    public TrialExecutor executor(TrialExecutor.Evaluator local, Workload workload) {
        return serving.createExecutor(local, request.compute(), run.progress(), workload);
    }
}
