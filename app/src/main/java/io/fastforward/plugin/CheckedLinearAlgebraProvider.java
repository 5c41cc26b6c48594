package io.fastforward.plugin;

import io.fastforward.spi.backend.LinearAlgebra;

/** A provider of linear algebra that is checked. */
final class CheckedLinearAlgebraProvider extends CheckedProbed<LinearAlgebra.Provider>
        implements LinearAlgebra.Provider {

    CheckedLinearAlgebraProvider(String kind, String origin, boolean external, LinearAlgebra.Provider plugin) {
        super(kind, origin, external, plugin);
    }

    @Override
    public LinearAlgebra open(int threads) {
        return CheckedDevice.of(origin(), LinearAlgebra.class, origin().call("opening", () -> plugin().open(threads)));
    }
}
