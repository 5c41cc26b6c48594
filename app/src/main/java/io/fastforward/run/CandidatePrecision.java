package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.settings.PrecisionChoice;
import java.util.Optional;

/**
 * In what precision a run evaluates candidates: chosen by the first device that serves it, and kept by one that takes over,
 * since what is recorded of the search by then is in that precision.
 */
final class CandidatePrecision {

    private final PrecisionChoice asked;
    private final String single;
    private Optional<PrecisionChoice> chosen = Optional.empty();
    private String reason = "";

    /**
     * Nothing is chosen yet.
     *
     * @param single why candidates of this run are evaluated in single precision alone; empty if they need not be
     * @throws Failure if they are asked to be in another one nevertheless
     */
    CandidatePrecision(PrecisionChoice asked, String single) {
        this.asked = asked;
        this.single = single;
        if (asked == PrecisionChoice.BF16 && !single.isEmpty()) {
            throw FailureKind.USAGE.failure(
                    Setting.PRECISION + " bf16 is for candidates that are evaluated here, cut: " + single);
        }
    }

    /** Evaluates candidates in single precision, on what computes everything else. */
    static CandidatePrecision single() {
        return new CandidatePrecision(PrecisionChoice.F32, "");
    }

    /**
     * A run that goes on was in this precision. Where the device was to decide, it is not asked again: what is measured on a busy
     * machine may be another answer.
     */
    void goOn(PrecisionChoice recorded) {
        if (asked == PrecisionChoice.AUTO) {
            chosen = Optional.of(recorded);
        }
    }

    /**
     * What evaluates candidates on a device. The caller closes it before the device.
     *
     * @throws Failure if the device does not compute in the precision that is asked for, or was chosen before
     */
    CandidateBackend open(OpenDevice device) {
        if (chosen.isEmpty() && asked == PrecisionChoice.AUTO && !single.isEmpty()) {
            chosen = Optional.of(PrecisionChoice.F32);
            reason = "Candidates are evaluated in f32: " + single;
        }
        PreciseBackend opened = PreciseBackend.open(chosen.orElse(asked), device);
        chosen = Optional.of(opened.precision());
        if (!opened.reason().isEmpty()) {
            reason = "Candidates are evaluated in " + opened.label()
                    + (opened.separate() ? ", everything else in f32" : "") + ": " + opened.reason();
        }
        return new CandidateBackend(opened, reason);
    }
}
