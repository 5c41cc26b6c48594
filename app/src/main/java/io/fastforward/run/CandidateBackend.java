package io.fastforward.run;

import io.fastforward.report.Progress;
import io.fastforward.run.stage.RunContext;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import java.util.Optional;

/**
 * What evaluates the candidates of a run.
 *
 * @param chosen computes it; closed with this if it is another one than computes everything else
 * @param reason for people, why it is in its precision; empty if nothing else was asked for
 */
record CandidateBackend(PreciseBackend chosen, String reason) implements AutoCloseable {

    PrecisionChoice precision() {
        return chosen.precision();
    }

    /** Id of who opened it. */
    String provider() {
        return chosen.provider();
    }

    ComputeBackend backend() {
        return chosen.backend();
    }

    /** Whether it is another one than computes everything else. */
    boolean separate() {
        return chosen.separate();
    }

    /** The backend, if it is another one than computes everything else. */
    Optional<ComputeBackend> ifSeparate() {
        return separate() ? Optional.of(backend()) : Optional.empty();
    }

    /** Tells a reader of the log, if there is anything to tell. */
    void describe(Progress progress) {
        if (!reason.isEmpty()) {
            progress.note(reason);
        }
    }

    /** What results of the run depend on: the device, and what evaluates candidates on it. */
    String deviceWith(ComputeBackend everythingElse) {
        return everythingElse.device()
                + (separate() ? "; candidates: " + backend().device() : "");
    }

    /** What the stages share, for those that evaluate candidates. */
    RunContext in(RunContext run) {
        return new RunContext(
                backend(),
                run.algebra(),
                run.model(),
                run.spec(),
                run.memory().ofCandidates(),
                run.record(),
                run.progress());
    }

    @Override
    public void close() {
        chosen.close();
    }
}
