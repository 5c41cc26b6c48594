package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import java.util.Optional;

/**
 * A decoder layer on a device. Closing it releases what was loaded for the caller alone. A module that retains no
 * units is not computed; one that has none is not on the device.
 *
 * @param attention its attention module
 * @param mlp its MLP module
 * @param repaired what stands in for them in candidates that retain certain numbers of units
 * @param release frees it
 */
public record LoadedLayer(LoadedModule attention, LoadedModule mlp, Repaired repaired, Runnable release)
        implements AutoCloseable {

    /** Stands in for modules of a layer. */
    @FunctionalInterface
    public interface Repaired {

        /** Nothing does. */
        Repaired NOTHING = (module, units) -> Optional.empty();

        /**
         * What is computed instead of a module, if anything is.
         *
         * @param module its index in the model
         * @param units how many of its units are retained
         */
        Optional<LoadedModule> inPlaceOf(int module, int units);
    }

    /** A layer of which nothing is repaired. */
    public LoadedLayer(LoadedModule attention, LoadedModule mlp, Runnable release) {
        this(attention, mlp, Repaired.NOTHING, release);
    }

    /**
     * Passes hidden states through one of the layer's modules.
     *
     * @param module its index in the model: attention comes before the MLP
     * @param units leading units of it that are computed; at 0 it is skipped
     * @param scratch as wide as the widest features
     */
    public void apply(ComputeBackend backend, int module, int units, HiddenStates.Chunk chunk, DeviceMatrix scratch) {
        if (units > 0) {
            LoadedModule served = repaired.inPlaceOf(module, units).orElse(module % 2 == 0 ? attention : mlp);
            backend.apply(served, units, chunk.shape(), chunk.hidden(), scratch);
        }
    }

    @Override
    public void close() {
        release.run();
    }
}
