package io.fastforward.run;

import io.fastforward.report.Progress;
import io.fastforward.run.stage.RunContext;
import io.fastforward.settings.SearchPrecision;
import io.fastforward.spi.backend.ComputeBackend;

/**
 * What evaluates the candidates of a run.
 *
 * @param precision in what precision; never {@link SearchPrecision#AUTO}
 * @param backend computes it
 * @param separate whether it is another one than computes everything else: then it is closed with this
 * @param reason for people, why it is this precision; empty if nothing else was asked for
 */
record CandidateBackend(SearchPrecision precision, ComputeBackend backend, boolean separate, String reason)
        implements AutoCloseable {

    /** Tells a reader of the log, if there is anything to tell. */
    void describe(Progress progress) {
        if (!reason.isEmpty()) {
            progress.note(reason);
        }
    }

    /** What results of the run depend on: the device, and what evaluates candidates on it. */
    String deviceWith(ComputeBackend everythingElse) {
        return everythingElse.device() + (separate ? "; candidates: " + backend.device() : "");
    }

    /** What the stages share, for those that evaluate candidates. */
    RunContext in(RunContext run) {
        return new RunContext(
                backend, run.algebra(), run.model(), run.spec(), run.memory(), run.record(), run.progress());
    }

    @Override
    public void close() {
        if (separate) {
            backend.close();
        }
    }
}
