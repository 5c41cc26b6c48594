package io.fastforward.testing;

import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;

/** Opens backends the way the application does. */
public final class Backends {

    private static final LinearAlgebra ALGEBRA = PluginRegistry.load(null)
            .find(PluginKind.LINEAR_ALGEBRA, "openblas")
            .open(2);

    private Backends() {}

    /** The backend that serves by default on a machine without a GPU. */
    public static ComputeBackend cpu() {
        return open("cpu");
    }

    /** The linear algebra that serves, for all tests together. */
    public static LinearAlgebra linearAlgebra() {
        return ALGEBRA;
    }

    /** A backend by its id. */
    public static ComputeBackend open(String id) {
        return PluginRegistry.load(null).find(PluginKind.BACKEND, id).open(2);
    }
}
