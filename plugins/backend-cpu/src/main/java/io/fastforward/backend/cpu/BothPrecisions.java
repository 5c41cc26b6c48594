package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

/** One device, which computes in single precision and perhaps in bfloat16. */
interface BothPrecisions extends ComputeBackend.Provider {

    /** Whether it computes in bfloat16, and whether that is faster. */
    PrecisionSupport bfloat16();

    /** Opens it for bfloat16, which it can compute in. */
    ComputeBackend openForBfloat16(int threads);

    @Override
    default PrecisionSupport support(String device, Precision precision) {
        if (!device.equals(id())) {
            return PrecisionSupport.missing("backend '" + id() + "' has no device '" + device + "'");
        }
        return precision == Precision.SINGLE ? ComputeBackend.Provider.super.support(device, precision) : bfloat16();
    }

    @Override
    default ComputeBackend open(String device, int threads, Precision precision) {
        if (precision == Precision.SINGLE) {
            return open(device, threads);
        }
        PrecisionSupport support = support(device, precision);
        if (!support.available()) {
            throw new IllegalStateException(support.message());
        }
        return openForBfloat16(threads);
    }
}
