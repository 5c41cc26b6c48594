package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;

/** Plain Java loops in double precision, on one thread: what every backend is compared with. Serves everywhere. */
public final class ReferenceBackendProvider implements ComputeBackend.Provider {

    @Override
    public String id() {
        return "reference";
    }

    @Override
    public String description() {
        return "plain Java loops in double precision on one thread: slow, for comparison";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Availability probe() {
        return Availability.ready(ReferenceBackend.DEVICE);
    }

    @Override
    public ComputeBackend open(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a backend needs at least 1 thread, but got " + threads);
        }
        return new ReferenceBackend();
    }
}
