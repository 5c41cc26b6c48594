package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.report.Progress;
import io.fastforward.settings.PrecisionChoice;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

/**
 * What computes on a device in the precision that somebody asked for.
 *
 * @param provider id of who opened it
 * @param precision which one that is; never {@link PrecisionChoice#AUTO}
 * @param backend computes in it
 * @param separate whether it is another one than the device was opened with: then it is closed with this
 * @param reason for people, what the device says of bfloat16; empty if nothing was to be asked
 */
record PreciseBackend(
        String provider, PrecisionChoice precision, ComputeBackend backend, boolean separate, String reason)
        implements AutoCloseable {

    /**
     * Opens it. The caller closes it before the device.
     *
     * @throws Failure if the device does not compute in the precision that is asked for
     */
    static PreciseBackend open(PrecisionChoice asked, OpenDevice device) {
        String provider = device.provider().id();
        if (asked == PrecisionChoice.F32) {
            return new PreciseBackend(provider, asked, device.backend(), false, "");
        }
        PrecisionSupport support = device.support(Precision.BFLOAT16);
        if (asked == PrecisionChoice.AUTO && !support.faster()) {
            return new PreciseBackend(provider, PrecisionChoice.F32, device.backend(), false, support.message());
        }
        if (!support.available()) {
            throw FailureKind.DEVICE.failure("device '" + device.device().id() + "' does not compute in bf16: "
                    + support.message() + "; use " + Setting.PRECISION + " f32, or auto, which finds out");
        }
        return new PreciseBackend(
                provider, PrecisionChoice.BF16, device.open(Precision.BFLOAT16), true, support.message());
    }

    /** Tells a reader of the log, if there is anything to tell. */
    void describe(Progress progress) {
        if (!reason.isEmpty()) {
            progress.note("Computing in " + label() + ": " + reason);
        }
    }

    /** As it is said to people and programs. */
    String label() {
        return precision == PrecisionChoice.BF16 ? Precision.BFLOAT16.label() : Precision.SINGLE.label();
    }

    @Override
    public void close() {
        if (separate) {
            backend.close();
        }
    }
}
