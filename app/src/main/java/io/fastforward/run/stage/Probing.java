package io.fastforward.run.stage;

import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.RepairedMap;
import java.util.Map;

/** Where single modules are tried, and on what. */
public interface Probing {

    /**
     * What all probes have in common.
     *
     * @param order of the units
     * @param maps with which modules are repaired
     */
    Workload workload(NestedOrder order, Map<Integer, RepairedMap> maps);

    /**
     * Makes what evaluates them.
     *
     * @param local evaluates them in this process
     */
    TrialExecutor executor(TrialExecutor.Evaluator local, Workload workload);
}
