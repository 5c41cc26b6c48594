package io.fastforward.forward;

import io.fastforward.spi.backend.LoadedModule;

/**
 * A decoder layer on a device. Closing it releases what was loaded for the caller alone. A module that retains no
 * units is not computed; one that has none is not on the device.
 *
 * @param attention its attention module
 * @param mlp its MLP module
 * @param release frees it
 */
public record LoadedLayer(LoadedModule attention, LoadedModule mlp, Runnable release) implements AutoCloseable {

    @Override
    public void close() {
        release.run();
    }
}
