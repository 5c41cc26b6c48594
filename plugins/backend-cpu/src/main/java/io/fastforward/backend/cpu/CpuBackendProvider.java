package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.OpenBlas;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.backend.cpu.onednn.OneDnn;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.PrecisionSupport;

/** OpenBLAS for products and factorisations, Java for the rest, on all cores. */
public final class CpuBackendProvider implements BothPrecisions {

    @Override
    public String id() {
        return "cpu";
    }

    @Override
    public String description() {
        return "OpenBLAS for products and factorisations, vectorised Java for the rest, all cores";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Availability probe() {
        Availability library = OpenBlas.availability();
        return library.available() && library.hint().isEmpty()
                ? RowKernels.missingVectorApi()
                        .map(reason -> Availability.slow(
                                library.message() + "; " + reason,
                                "start Java with --add-modules jdk.incubator.vector"))
                        .orElse(library)
                : library;
    }

    @Override
    public PrecisionSupport bfloat16() {
        return Bfloat16Trial.support();
    }

    @Override
    public ComputeBackend openForBfloat16(int threads) {
        MapProducts maps = PackedMaps.of(OneDnn.open(), threads);
        try {
            return new CpuBackend(OpenBlas.loadAvailable(), maps, RowKernels.best(), threads);
        } catch (Throwable e) {
            maps.close();
            throw e;
        }
    }

    @Override
    public ComputeBackend open(int threads) {
        return new CpuBackend(OpenBlas.loadAvailable(), RowKernels.best(), threads);
    }
}
