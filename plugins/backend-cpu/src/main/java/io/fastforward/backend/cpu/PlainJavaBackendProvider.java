package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.PlainProducts;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.PrecisionSupport;

/** The same as {@link CpuBackendProvider} without native code: a second opinion on its numbers. Serves everywhere. */
public final class PlainJavaBackendProvider implements BothPrecisions {

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
    public PrecisionSupport bfloat16() {
        return new PrecisionSupport(true, false, "plain Java loops over rounded numbers: slower than f32");
    }

    @Override
    public ComputeBackend openForBfloat16(int threads) {
        var products = new PlainProducts();
        return new CpuBackend(products, new RoundedMaps(products), RowKernels.best(), threads);
    }

    @Override
    public ComputeBackend open(int threads) {
        return new CpuBackend(new PlainProducts(), RowKernels.best(), threads);
    }
}
