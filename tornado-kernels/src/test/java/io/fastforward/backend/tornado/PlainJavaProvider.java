package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;

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
    public ComputeBackend open(int threads) {
        return new TornadoBackend(new JavaExecutor(tensorCores));
    }
}
