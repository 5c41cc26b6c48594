package io.fastforward.backend.tornado;

import io.fastforward.spi.Availability;
import io.fastforward.spi.ComputeBackend;
import java.util.List;

/** Opens the first device of the SDK, whatever it is: on a machine without a GPU an OpenCL implementation on the CPU. */
final class SdkProvider implements ComputeBackend.Provider {

    private final TornadoBackendProvider provider = new TornadoBackendProvider();

    /** Whether these tests were started with an SDK. */
    static boolean isPresent() {
        return ModuleLayer.boot().findModule("tornado.runtime").isPresent();
    }

    @Override
    public String id() {
        return provider.id();
    }

    @Override
    public String description() {
        return provider.description();
    }

    @Override
    public int priority() {
        return provider.priority();
    }

    @Override
    public Availability probe() {
        return provider.probe();
    }

    @Override
    public List<ComputeBackend.Device> devices() {
        return provider.devices();
    }

    @Override
    public TornadoBackend open(int threads) {
        return (TornadoBackend) provider.open(threads);
    }
}
