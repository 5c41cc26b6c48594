package io.fastforward.plugin;

import io.fastforward.spi.backend.LinearAlgebra;

/** A provider of linear algebra that is checked. */
record CheckedLinearAlgebraProvider(CalledPlugin called, LinearAlgebra.Provider plugin, int priority)
        implements CheckedProbed, LinearAlgebra.Provider {

    CheckedLinearAlgebraProvider(CalledPlugin called, LinearAlgebra.Provider plugin) {
        this(called, plugin, plugin.priority());
    }

    @Override
    public LinearAlgebra open(int threads) {
        return CheckedDevice.of(called, LinearAlgebra.class, called.call("opening", () -> plugin.open(threads)));
    }
}
