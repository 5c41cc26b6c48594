package io.fastforward.plugin;

import io.fastforward.spi.backend.LinearAlgebra;

/** A provider of linear algebra that is checked. */
record CheckedLinearAlgebraProvider(PluginOrigin origin, LinearAlgebra.Provider plugin, int priority)
        implements CheckedProbed, LinearAlgebra.Provider {

    CheckedLinearAlgebraProvider(PluginOrigin origin, LinearAlgebra.Provider plugin) {
        this(origin, plugin, plugin.priority());
    }

    @Override
    public LinearAlgebra open(int threads) {
        return CheckedDevice.of(origin, LinearAlgebra.class, origin.call("opening", () -> plugin.open(threads)));
    }
}
