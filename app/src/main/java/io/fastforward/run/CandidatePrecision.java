package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.settings.SearchPrecision;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.Optional;

/**
 * In what precision a run evaluates candidates: chosen by the first device that serves it, and kept by one that takes over,
 * since what is recorded of the search by then is in that precision.
 */
final class CandidatePrecision {

    private final SearchPrecision asked;
    private final String single;
    private Optional<SearchPrecision> chosen = Optional.empty();
    private String reason = "";

    /**
     * Nothing is chosen yet.
     *
     * @param single why candidates of this run are evaluated in single precision alone; empty if they need not be
     * @throws Failure if they are asked to be in another one nevertheless
     */
    CandidatePrecision(SearchPrecision asked, String single) {
        this.asked = asked;
        this.single = single;
        if (asked == SearchPrecision.BF16 && !single.isEmpty()) {
            throw FailureKind.USAGE.failure(
                    Setting.PRECISION + " bf16 is for candidates that are evaluated here, cut: " + single);
        }
    }

    /** Evaluates candidates in single precision, on what computes everything else. */
    static CandidatePrecision single() {
        return new CandidatePrecision(SearchPrecision.F32, "");
    }

    /**
     * A run that goes on was in this precision. Where the device was to decide, it is not asked again: what is measured on a busy
     * machine may be another answer.
     */
    void goOn(SearchPrecision recorded) {
        if (asked == SearchPrecision.AUTO) {
            chosen = Optional.of(recorded);
        }
    }

    /**
     * What evaluates candidates on a device. The caller closes it before the device.
     *
     * @throws Failure if the device does not compute in the precision that is asked for, or was chosen before
     */
    CandidateBackend open(OpenDevice device) {
        SearchPrecision precision = chosen.orElse(asked);
        if (precision == SearchPrecision.AUTO) {
            precision = choose(device);
        }
        chosen = Optional.of(precision);
        if (precision == SearchPrecision.F32) {
            return new CandidateBackend(precision, device.backend(), false, reason);
        }
        PrecisionSupport support = device.support(Precision.BFLOAT16);
        if (!support.available()) {
            throw FailureKind.DEVICE.failure(
                    "device '" + device.device().id() + "' does not evaluate candidates in bf16: " + support.message()
                            + "; use " + Setting.PRECISION + " f32, or auto, which finds out");
        }
        return new CandidateBackend(
                precision,
                device.open(Precision.BFLOAT16),
                true,
                "Candidates are evaluated in bf16, everything else in f32: " + support.message());
    }

    private SearchPrecision choose(OpenDevice device) {
        if (!single.isEmpty()) {
            reason = "Candidates are evaluated in f32: " + single;
            return SearchPrecision.F32;
        }
        PrecisionSupport support = device.support(Precision.BFLOAT16);
        if (support.faster()) {
            return SearchPrecision.BF16;
        }
        reason = "Candidates are evaluated in f32: " + support.message();
        return SearchPrecision.F32;
    }
}
