package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** GPUs of NVIDIA, AMD and Intel through TornadoVM, if its SDK is there. Nothing is probed before it is asked. */
public final class TornadoBackendProvider implements ComputeBackend.Provider {

    private @Nullable TornadoVm found;

    @Override
    public String id() {
        return "tornado";
    }

    @Override
    public String description() {
        return "Java kernels on GPUs of NVIDIA, AMD and Intel, compiled by TornadoVM";
    }

    @Override
    public int priority() {
        return 20;
    }

    @Override
    public Availability probe() {
        return tornadoVm().availability();
    }

    @Override
    public List<Device> devices() {
        return tornadoVm().devices();
    }

    @Override
    public Map<String, Availability> drivers() {
        return tornadoVm().drivers();
    }

    @Override
    public ComputeBackend open(int threads) {
        return open(
                devices().stream()
                        .findFirst()
                        .orElseThrow(
                                () -> new IllegalStateException("TornadoVM is not available: " + probe().message()))
                        .id(),
                threads);
    }

    @Override
    public ComputeBackend open(String device, int threads) {
        requireThreads(threads);
        return TornadoVm.open(device, Precision.SINGLE);
    }

    private static void requireThreads(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a backend needs at least 1 thread, but got " + threads);
        }
    }

    @Override
    public PrecisionSupport support(String device, Precision precision) {
        return precision == Precision.SINGLE
                ? ComputeBackend.Provider.super.support(device, precision)
                : tornadoVm().bfloat16(device);
    }

    @Override
    public ComputeBackend open(String device, int threads, Precision precision) {
        if (precision == Precision.SINGLE) {
            return open(device, threads);
        }
        requireThreads(threads);
        PrecisionSupport support = support(device, precision);
        if (!support.available()) {
            throw new IllegalStateException(support.message());
        }
        return TornadoVm.open(device, precision);
    }

    private synchronized TornadoVm tornadoVm() {
        if (found == null) {
            found = TornadoVm.find();
        }
        return found;
    }
}
