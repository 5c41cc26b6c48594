package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.PlainProducts;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;

/** The same as {@link CpuBackendProvider} without native code: a second opinion on its numbers. Serves everywhere. */
public final class PlainJavaBackendProvider implements ComputeBackend.Provider {

    @Override
    public String id() {
        return "plain-java";
    }

    @Override
    public String description() {
        return "the same as cpu without native code: slow, for comparison and where OpenBLAS does not load";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Availability probe() {
        return Availability.ready("products as plain Java loops");
    }

    @Override
    public ComputeBackend open(int threads) {
        return new CpuBackend(new PlainProducts(), RowKernels.best(), threads);
    }
}
