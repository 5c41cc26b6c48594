package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.nested.NestedOrder;
import io.fastforward.run.stage.Probing;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.RepairedMap;
import java.util.List;
import java.util.Map;

/**
 * Tries single modules where a run evaluates its candidates.
 *
 * @param model the files of the model
 */
record PlannedProbing(ModelRequest request, ServingPlugins serving, RunPlan plan, List<FileHash> model)
        implements Probing {

    @Override
    public Workload workload(NestedOrder order, Map<Integer, RepairedMap> maps) {
        return plan.probes(request, serving, model, order, maps);
    }

    @Override
    public TrialExecutor executor(TrialExecutor.Evaluator local, Workload workload) {
        return serving.createExecutor(local, workload);
    }
}
