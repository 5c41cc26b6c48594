package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

/**
 * Opens the kernels as plain Java methods.
 *
 * @param tensorCores whether products are as on tensor cores
 */
record PlainJavaProvider(boolean tensorCores) implements ComputeBackend.Provider {

    @Override
    public String id() {
        return "plain-java";
    }

    @Override
    public String description() {
        return "kernels in plain Java";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Availability probe() {
        return Availability.ready("always");
    }

    @Override
    public PrecisionSupport support(String device, Precision precision) {
        return precision == Precision.BFLOAT16 && tensorCores
                ? new PrecisionSupport(true, false, "tensor cores in plain Java")
                : ComputeBackend.Provider.super.support(device, precision);
    }

    @Override
    public ComputeBackend open(String device, int threads, Precision precision) {
        return precision == Precision.BFLOAT16 && tensorCores
                ? new TornadoBackend(new JavaExecutor(precision))
                : ComputeBackend.Provider.super.open(device, threads, precision);
    }

    @Override
    public ComputeBackend open(int threads) {
        return new TornadoBackend(new JavaExecutor(tensorCores));
    }
}
