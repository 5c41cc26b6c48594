package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;

/** OpenBLAS for products and factorisations, Java for the rest, on all cores. */
public final class CpuBackendProvider implements ComputeBackend.Provider {

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
        String library;
        try {
            library = OpenBlas.load().description();
        } catch (LinkageError | RuntimeException e) {
            return Availability.missing(
                    "OpenBLAS does not load on " + System.getProperty("os.name") + " " + System.getProperty("os.arch")
                            + ": " + firstCause(e),
                    "it comes for Linux x86-64 and arm64, macOS arm64 and Windows x86-64 and is unpacked to '"
                            + System.getProperty("org.bytedeco.javacpp.cachedir", "~/.javacpp/cache")
                            + "': make that a directory that can be written to and run from, or set the environment"
                            + " variable FASTFORWARD_CACHE to another one",
                    e);
        }
        String coreType = System.getenv(OpenBlas.CORE_TYPE_VARIABLE);
        if (coreType != null && !coreType.isBlank()) {
            return Availability.slow(
                    library + "; " + OpenBlas.CORE_TYPE_VARIABLE + "=" + coreType + " forces the choice of kernels",
                    "unset " + OpenBlas.CORE_TYPE_VARIABLE
                            + ": OpenBLAS finds the processor by itself, and kernels for an older one can halve the"
                            + " speed");
        }
        return RowKernels.missingVectorApi()
                .map(reason -> Availability.slow(
                        library + "; " + reason, "start Java with --add-modules jdk.incubator.vector"))
                .orElseGet(() -> Availability.ready(library));
    }

    @Override
    public ComputeBackend open(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("a backend needs at least 1 thread, but got " + threads);
        }
        OpenBlas blas;
        try {
            blas = OpenBlas.load();
        } catch (LinkageError | RuntimeException e) {
            throw new IllegalStateException("OpenBLAS is not available: " + firstCause(e), e);
        }
        return new CpuBackend(blas, RowKernels.best(), threads);
    }

    /** What went wrong at first: after that, Java says no more than that the class could not be initialised. */
    static Throwable firstCause(Throwable e) {
        Throwable first = e;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        return first;
    }
}
