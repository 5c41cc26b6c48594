package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.PlainProducts;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

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
    public PrecisionSupport support(String device, Precision precision) {
        if (!device.equals(id())) {
            return PrecisionSupport.missing("backend '" + id() + "' has no device '" + device + "'");
        }
        return precision == Precision.SINGLE
                ? ComputeBackend.Provider.super.support(device, precision)
                : new PrecisionSupport(true, false, "plain Java loops over rounded numbers: slower than f32");
    }

    @Override
    public ComputeBackend open(String device, int threads, Precision precision) {
        if (precision == Precision.SINGLE) {
            return open(device, threads);
        }
        PrecisionSupport support = support(device, precision);
        if (!support.available()) {
            throw new IllegalStateException(support.message());
        }
        var products = new PlainProducts();
        return new CpuBackend(products, new RoundedMaps(products), RowKernels.best(), threads);
    }

    @Override
    public ComputeBackend open(int threads) {
        return new CpuBackend(new PlainProducts(), RowKernels.best(), threads);
    }
}
