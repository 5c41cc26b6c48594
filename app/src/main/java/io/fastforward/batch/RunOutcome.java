package io.fastforward.batch;

import io.fastforward.record.PruneResult;

/** What became of a run. */
public sealed interface RunOutcome {

    /** The run. */
    PlannedRun run();

    /**
     * It came to its end.
     *
     * @param before whether it had done so before, and its figures are from its record
     * @param seconds wall time of the work on it that was done now
     */
    record Finished(PlannedRun run, PruneResult result, boolean before, double seconds) implements RunOutcome {}

    /**
     * It did not.
     *
     * @param cause what ended it
     */
    record Failed(PlannedRun run, Throwable cause) implements RunOutcome {}
}
