package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Layers in which some modules have another output map when they retain a certain number of units. Such a module is loaded when a
 * policy asks for it, and stays until its layer is closed.
 *
 * @param source the layers without that
 * @param weights theirs
 * @param maps what some modules have instead
 */
public record RepairedLayers(ComputeBackend backend, LayerSource source, WeightSource weights, OutputMaps maps)
        implements LayerSource {

    /** Output maps for certain numbers of units. */
    public interface OutputMaps {

        /**
         * Whether there is one.
         *
         * @param module index in the model
         */
        boolean holds(int module, int units);

        /**
         * Reads one.
         *
         * @param module the specification of the module
         * @param index of the module in the model
         * @param arena owns it
         * @return F32, {@code hidden × features} of the units that it is for
         */
        Matrix read(ModuleSpec module, int index, Arena arena);
    }

    @Override
    public ModelSpec spec() {
        return source.spec();
    }

    @Override
    public LoadedLayer load(int layer) {
        LoadedLayer own = source.load(layer);
        Map<Integer, LoadedModule> loaded = new HashMap<>();
        return new LoadedLayer(
                own.attention(),
                own.mlp(),
                (module, units) -> maps.holds(module, units)
                        ? Optional.of(loaded.computeIfAbsent(module, this::repaired))
                        : Optional.empty(),
                () -> {
                    loaded.values().forEach(LoadedModule::close);
                    own.close();
                });
    }

    private LoadedModule repaired(int index) {
        try (Arena arena = Arena.ofShared()) {
            ModuleSpec module = spec().modules().get(index);
            LayerWeights layer = weights.layer(index / 2, arena);
            ModuleWeights own = index % 2 == 0 ? layer.attention() : layer.mlp();
            Matrix map = maps.read(module, index, arena);
            // As wide as the module's own, of which the columns behind those of the units are not looked at.
            Matrix output = Matrix.allocate(
                    arena, DataType.F32, map.rows(), own.output().weight().columns());
            map.copyTo(output.leadingColumns(map.columns()));
            Linear repaired = new Linear(output, own.output().bias());
            return backend.load(module, own.with(Map.of(module.maps().getLast().role(), repaired)));
        }
    }

    @Override
    public boolean resident() {
        return source.resident();
    }

    /** The layers belong to whoever made their source. */
    @Override
    public void close() {}
}
