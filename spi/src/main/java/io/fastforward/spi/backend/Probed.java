package io.fastforward.spi.backend;

import io.fastforward.spi.Plugin;

/** A plugin that depends on the machine: it may be unable to serve here, and of several that can, one is chosen. */
public interface Probed extends Plugin {

    /** The higher of two available ones serves by default. */
    int priority();

    /** Whether it can serve on this machine. Cheap, never throws, and free of lasting effects if it cannot. */
    Availability probe();
}
