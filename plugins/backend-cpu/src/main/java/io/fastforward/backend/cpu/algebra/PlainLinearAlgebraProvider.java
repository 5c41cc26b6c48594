package io.fastforward.backend.cpu.algebra;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.LinearAlgebra;

/** Linear algebra whose blocks are loops in Java. Serves everywhere. */
public final class PlainLinearAlgebraProvider implements LinearAlgebra.Provider {

    @Override
    public String id() {
        return "plain-java";
    }

    @Override
    public String description() {
        return "plain Java loops, all cores: slow, for machines without OpenBLAS";
    }

    @Override
    public int priority() {
        return 0;
    }

    @Override
    public Availability probe() {
        return Availability.ready("plain Java loops");
    }

    @Override
    public LinearAlgebra open(int threads) {
        return new BlockedLinearAlgebra(new PlainBlockKernels(), threads);
    }
}
