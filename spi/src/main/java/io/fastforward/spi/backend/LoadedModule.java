package io.fastforward.spi.backend;

import io.fastforward.spi.model.ModuleSpec;

/** A module whose weights are on the device. */
public interface LoadedModule extends DeviceObject {
    /** What it computes. */
    ModuleSpec spec();
}
