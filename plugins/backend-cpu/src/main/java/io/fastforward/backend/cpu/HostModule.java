package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.Linear;

/** A module loaded by a {@link HostBackend}. */
interface HostModule extends HostObject, LoadedModule {

    /** Replaces leading columns of the output map, and its bias if one is given; the shapes fit. */
    void replaceOutput(Linear output);
}
