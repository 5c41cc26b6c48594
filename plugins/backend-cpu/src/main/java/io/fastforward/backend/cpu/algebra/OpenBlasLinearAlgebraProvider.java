package io.fastforward.backend.cpu.algebra;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.LinearAlgebra;

/** Linear algebra whose blocks OpenBLAS computes. */
public final class OpenBlasLinearAlgebraProvider implements LinearAlgebra.Provider {

    @Override
    public String id() {
        return "openblas";
    }

    @Override
    public String description() {
        return "OpenBLAS, all cores";
    }

    @Override
    public int priority() {
        return 10;
    }

    @Override
    public Availability probe() {
        return OpenBlas.availability();
    }

    @Override
    public LinearAlgebra open(int threads) {
        return new BlockedLinearAlgebra(OpenBlas.loadAvailable(), threads);
    }
}
