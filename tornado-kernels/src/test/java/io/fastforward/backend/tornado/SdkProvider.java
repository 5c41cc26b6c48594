package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.List;

/**
 * Opens a device of the SDK: the one that {@code -Dfastforward.test.device} names, or else the first, whatever it is. On
 * a machine without a GPU that is an OpenCL implementation on the CPU.
 */
final class SdkProvider implements ComputeBackend.Provider {

    private final TornadoBackendProvider provider = new TornadoBackendProvider();

    /** Whether these tests were started with an SDK. */
    static boolean isPresent() {
        return ModuleLayer.boot().findModule("tornado.runtime").isPresent();
    }

    /** The id of the device. */
    static String device() {
        String asked = System.getProperty("fastforward.test.device");
        return asked == null ? DeviceCatalog.devices().getFirst().id() : asked;
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
    public List<Device> devices() {
        return provider.devices();
    }

    @Override
    public PrecisionSupport support(String device, Precision precision) {
        return provider.support(device(), precision);
    }

    @Override
    public ComputeBackend open(String device, int threads, Precision precision) {
        return provider.open(device(), threads, precision);
    }

    @Override
    public TornadoBackend open(int threads) {
        return (TornadoBackend) provider.open(device(), threads);
    }
}
