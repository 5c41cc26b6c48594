package io.fastforward.run;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

/**
 * A device that serves a run.
 *
 * @param provider who opened it
 * @param device which one it is
 * @param threads CPU threads that it may use
 * @param backend what computes on it in single precision; closed with this
 */
record OpenDevice(ComputeBackend.Provider provider, Device device, int threads, ComputeBackend backend)
        implements AutoCloseable {

    PrecisionSupport support(Precision precision) {
        return provider.support(device.id(), precision);
    }

    /** Opens it once more, in another precision; the caller closes that. */
    ComputeBackend open(Precision precision) {
        return provider.open(device.id(), threads, precision);
    }

    @Override
    public void close() {
        backend.close();
    }
}
