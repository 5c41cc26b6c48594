package io.fastforward.testing;

import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.backend.ComputeBackend;

/** Opens backends the way the application does. */
public final class Backends {

    private Backends() {}

    /** The backend that serves by default on a machine without a GPU. */
    public static ComputeBackend cpu() {
        return open("cpu");
    }

    /** A backend by its id. */
    public static ComputeBackend open(String id) {
        return PluginRegistry.load(null).find(PluginKind.BACKEND, id).open(2);
    }
}
