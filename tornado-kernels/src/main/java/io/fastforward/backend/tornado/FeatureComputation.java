package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.ActivationKernel;
import io.fastforward.backend.tornado.kernel.CopyKernel;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.Normalization;
import org.jspecify.annotations.Nullable;

/** What modules compute, as kernels one after the other. The shapes fit. */
final class FeatureComputation {

    private final DeviceMemory memory;
    private final AttentionComputation attention;

    FeatureComputation(DeviceMemory memory, RotaryTables rotaryTables) {
        this.memory = memory;
        this.attention = new AttentionComputation(memory, rotaryTables);
    }

    /** The features of a batch. */
    void features(TornadoModule module, int units, BatchShape batch, TornadoMatrix hidden, TornadoMatrix features) {
        try (@Nullable Region normalized = normalized(module, batch.rows(), hidden)) {
            int x = normalized == null ? hidden.start() : normalized.start();
            switch (module.spec()) {
                case MlpSpec mlp -> mlp(module, mlp, units, batch.rows(), x, features);
                case AttentionSpec spec -> {
                    int keyWidth = spec.groups(units) * spec.headSize();
                    int valueWidth = spec.groups(units) * spec.valueSize(units);
                    try (Region keys = memory.take(batch.rows(), keyWidth);
                            Region values = memory.take(batch.rows(), valueWidth)) {
                        attention.features(
                                module,
                                spec,
                                units,
                                new AttentionComputation.Keys(keys.start(), values.start(), 0),
                                batch,
                                x,
                                features);
                    }
                }
            }
        }
    }

    /** The attention features of tokens after those in a cache. */
    void nextFeatures(TornadoKeyValueCache cache, int rows, TornadoMatrix hidden, TornadoMatrix features) {
        TornadoModule module = cache.module();
        try (@Nullable Region normalized = normalized(module, rows, hidden)) {
            attention.features(
                    module,
                    cache.spec(),
                    cache.units(),
                    new AttentionComputation.Keys(
                            cache.keys().start(), cache.values().start(), cache.length()),
                    new BatchShape(1, rows),
                    normalized == null ? hidden.start() : normalized.start(),
                    features);
        }
        cache.advance(rows);
    }

    /** hidden += output map · features, and the normalisation after it if that is its place. */
    void project(TornadoModule module, int units, int rows, TornadoMatrix features, TornadoMatrix hidden) {
        module.output()
                .apply(
                        module.spec().features(units),
                        hidden.columns(),
                        rows,
                        features.start(),
                        features.columns(),
                        hidden.start(),
                        hidden.columns(),
                        true);
        if (!normalizesBefore(module)) {
            module.norm().apply(rows, hidden.start(), hidden.start(), hidden.columns());
        }
    }

    /** What the maps that make the features get to see. */
    void input(TornadoModule module, int rows, TornadoMatrix hidden, TornadoMatrix target) {
        if (normalizesBefore(module)) {
            module.norm().apply(rows, hidden.start(), target.start(), target.columns());
        } else {
            CopyKernel.launch(
                    memory.executor(),
                    new CopyKernel.Sizes(
                            rows,
                            hidden.columns(),
                            hidden.start(),
                            hidden.columns(),
                            1,
                            target.start(),
                            target.columns(),
                            1));
        }
    }

    private static boolean normalizesBefore(TornadoModule module) {
        return module.spec().normalization().placement() == Normalization.Placement.BEFORE;
    }

    private @Nullable Region normalized(TornadoModule module, int rows, TornadoMatrix hidden) {
        if (!normalizesBefore(module)) {
            return null;
        }
        Region result = memory.take(rows, hidden.columns());
        module.norm().apply(rows, hidden.start(), result.start(), hidden.columns());
        return result;
    }

    private void mlp(TornadoModule module, MlpSpec spec, int units, int rows, int x, TornadoMatrix features) {
        int hidden = spec.hiddenSize();
        int y = features.start();
        LinearMap activated = module.map(spec.gated() ? MapRole.GATE : MapRole.UP);
        activated.apply(hidden, units, rows, x, hidden, y, features.columns(), false);
        if (!spec.gated()) {
            ActivationKernel.launch(
                    memory.executor(),
                    new ActivationKernel.Sizes(spec.activation(), rows, units, y, features.columns(), -1, 0));
            return;
        }
        try (Region up = memory.take(rows, units)) {
            module.map(MapRole.UP).apply(hidden, units, rows, x, hidden, up.start(), units, false);
            ActivationKernel.launch(
                    memory.executor(),
                    new ActivationKernel.Sizes(
                            spec.activation(), rows, units, y, features.columns(), up.start(), units));
        }
    }
}
