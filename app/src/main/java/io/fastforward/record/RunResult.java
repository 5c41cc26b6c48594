package io.fastforward.record;

import java.util.List;

/** What came out of a run that keeps a record. */
public sealed interface RunResult permits PlanResult, PruneResult, SparsifyResult {

    /** What is odd about the checkpoint, a line each. */
    List<String> remarks();
}
