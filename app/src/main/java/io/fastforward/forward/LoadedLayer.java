package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
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

    /**
     * Passes hidden states through the layer.
     *
     * @param attentionUnits leading units of attention that are computed; at 0 it is skipped
     * @param channels leading channels of the MLP that are computed; at 0 it is skipped
     * @param scratch as wide as the widest features
     */
    public void apply(
            ComputeBackend backend, int attentionUnits, int channels, HiddenStates.Chunk chunk, DeviceMatrix scratch) {
        if (attentionUnits > 0) {
            backend.apply(attention, attentionUnits, chunk.shape(), chunk.hidden(), scratch);
        }
        if (channels > 0) {
            backend.apply(mlp, channels, chunk.shape(), chunk.hidden(), scratch);
        }
    }

    @Override
    public void close() {
        release.run();
    }
}
