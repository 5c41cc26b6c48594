package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/**
 * Supplies loaded layers: all of them resident, for a model that is run many times, or each one only while it is in
 * use, for a model that is run once or does not fit.
 */
public sealed interface LayerSource extends AutoCloseable
        permits LayerSource.Resident, LayerSource.Streamed, ReadAhead, RepairedLayers {

    /** The architecture of the layers. */
    ModelSpec spec();

    /** A layer; the caller closes it when done. */
    LoadedLayer load(int layer);

    /** Whether loading a layer again costs nothing. */
    boolean resident();

    @Override
    void close();

    /** Loads all layers now and keeps them. */
    static LayerSource resident(ComputeBackend backend, ModelSpec spec, WeightSource weights) {
        List<LoadedLayer> layers = new ArrayList<>();
        try {
            for (int i = 0; i < spec.layers().size(); i++) {
                layers.add(loadLayer(backend, spec, weights, i));
            }
        } catch (Throwable e) {
            layers.forEach(LoadedLayer::close);
            throw e;
        }
        return new Resident(spec, List.copyOf(layers));
    }

    /**
     * Loads each layer when it is asked for, or while the one before is in use if the backend can: then there are two
     * layers on the device if it has room.
     */
    static LayerSource streamed(ComputeBackend backend, ModelSpec spec, WeightSource weights) {
        return backend.loadsWhileComputing()
                ? new ReadAhead(backend, spec, weights)
                : new Streamed(backend, spec, weights);
    }

    /** Loads one layer; its host memory is released at once. */
    static LoadedLayer loadLayer(ComputeBackend backend, ModelSpec spec, WeightSource weights, int layer) {
        try (Arena arena = Arena.ofShared()) {
            LayerSpec layerSpec = spec.layers().get(layer);
            LayerWeights layerWeights = weights.layer(layer, arena);
            LoadedModule attention = load(backend, layerSpec.attention(), layerWeights.attention());
            try {
                LoadedModule mlp = load(backend, layerSpec.mlp(), layerWeights.mlp());
                return new LoadedLayer(attention, mlp, () -> {
                    attention.close();
                    mlp.close();
                });
            } catch (Throwable e) {
                attention.close();
                throw e;
            }
        }
    }

    private static LoadedModule load(ComputeBackend backend, ModuleSpec module, ModuleWeights weights) {
        return module.isIdentity() ? new Nothing(module) : backend.load(module, weights);
    }

    /** A module that is the identity: no device needs to know of it. */
    record Nothing(ModuleSpec spec) implements LoadedModule {
        @Override
        public void close() {}
    }

    /** All layers on the device. */
    record Resident(ModelSpec spec, List<LoadedLayer> layers) implements LayerSource {

        @Override
        public LoadedLayer load(int layer) {
            LoadedLayer loaded = layers.get(layer);
            return new LoadedLayer(loaded.attention(), loaded.mlp(), () -> {});
        }

        @Override
        public boolean resident() {
            return true;
        }

        @Override
        public void close() {
            layers.forEach(LoadedLayer::close);
        }
    }

    /**
     * One layer at a time on the device.
     *
     * @param ahead reads the one after it from disk meanwhile
     */
    record Streamed(ComputeBackend backend, ModelSpec spec, WeightSource weights, PageReadAhead ahead)
            implements LayerSource {

        public Streamed(ComputeBackend backend, ModelSpec spec, WeightSource weights) {
            this(backend, spec, weights, new PageReadAhead(spec.layers().size(), weights));
        }

        @Override
        public LoadedLayer load(int layer) {
            ahead.begin(layer + 1);
            return loadLayer(backend, spec, weights, layer);
        }

        @Override
        public boolean resident() {
            return false;
        }

        /** Every layer belongs to whoever asked for it. */
        @Override
        public void close() {
            ahead.close();
        }
    }
}
