package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.ActivationKernel;
import io.fastforward.backend.tornado.kernel.AttentionKernel;
import io.fastforward.backend.tornado.kernel.CopyKernel;
import io.fastforward.backend.tornado.kernel.RotaryKernel;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import org.jspecify.annotations.Nullable;

/** What modules compute, as kernels one after the other. The shapes fit. */
final class FeatureComputation {

    private final DeviceMemory memory;
    private final RotaryTables rotaryTables;

    FeatureComputation(DeviceMemory memory, RotaryTables rotaryTables) {
        this.memory = memory;
        this.rotaryTables = rotaryTables;
    }

    /** The features of a batch. */
    void features(TornadoModule module, int units, BatchShape batch, TornadoMatrix hidden, TornadoMatrix features) {
        try (@Nullable Region normalized = normalized(module, batch.rows(), hidden)) {
            int x = normalized == null ? hidden.start() : normalized.start();
            switch (module.spec()) {
                case MlpSpec mlp -> mlp(module, mlp, units, batch.rows(), x, features);
                case AttentionSpec attention -> {
                    int keyWidth = attention.groups(units) * attention.headSize();
                    int valueWidth = attention.groups(units) * attention.valueSize(units);
                    try (Region keys = memory.take(batch.rows(), keyWidth);
                            Region values = memory.take(batch.rows(), valueWidth)) {
                        attention(
                                module,
                                attention,
                                units,
                                new Keys(keys.start(), values.start(), 0),
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
            attention(
                    module,
                    cache.spec(),
                    cache.units(),
                    new Keys(cache.keys().start(), cache.values().start(), cache.length()),
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
                        1,
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
        activated.apply(hidden, units, rows, x, hidden, y, features.columns(), 1, false);
        if (!spec.gated()) {
            ActivationKernel.launch(
                    memory.executor(),
                    new ActivationKernel.Sizes(spec.activation(), rows, units, y, features.columns(), -1, 0));
            return;
        }
        try (Region up = memory.take(rows, units)) {
            module.map(MapRole.UP).apply(hidden, units, rows, x, hidden, up.start(), units, 1, false);
            ActivationKernel.launch(
                    memory.executor(),
                    new ActivationKernel.Sizes(
                            spec.activation(), rows, units, y, features.columns(), up.start(), units));
        }
    }

    /**
     * Where keys and values are.
     *
     * @param keys start of the keys
     * @param values start of the values
     * @param length how many are there already
     */
    private record Keys(int keys, int values, int length) {}

    private void attention(
            TornadoModule module,
            AttentionSpec spec,
            int units,
            Keys kept,
            BatchShape batch,
            int x,
            TornadoMatrix features) {
        int rows = batch.rows();
        int hidden = spec.hiddenSize();
        int width = spec.features(units);
        int queryWidth = spec.heads(units) * spec.headSize();
        int keyWidth = spec.groups(units) * spec.headSize();
        int valueWidth = spec.groups(units) * spec.valueSize(units);
        int newKeys = kept.keys + kept.length * keyWidth;
        int newValues = kept.values + kept.length * valueWidth;
        try (Region queries = memory.take(queryWidth, rows);
                Region result = memory.take(width, rows)) {
            module.map(MapRole.QUERY).apply(hidden, queryWidth, rows, x, hidden, queries.start(), 1, rows, false);
            module.map(MapRole.KEY).apply(hidden, keyWidth, rows, x, hidden, newKeys, keyWidth, 1, false);
            module.map(MapRole.VALUE).apply(hidden, valueWidth, rows, x, hidden, newValues, valueWidth, 1, false);
            RotaryPositions rotary = spec.rotary();
            if (rotary != null) {
                int table = rotaryTables.table(rotary, kept.length + batch.length());
                rotate(spec, rotary, batch, kept.length, spec.heads(units), queries.start(), 1, rows, table);
                rotate(spec, rotary, batch, kept.length, spec.groups(units), newKeys, keyWidth, 1, table);
            }
            boolean headsInTurn = spec.unit() == AttentionUnit.QUERY_HEAD;
            AttentionKernel.launch(
                    memory.executor(),
                    new AttentionKernel.Sizes(
                            rows,
                            spec.heads(units),
                            spec.headSize(),
                            batch.length(),
                            kept.length,
                            queries.start(),
                            kept.keys,
                            kept.values,
                            result.start(),
                            spec.slidingWindow(),
                            headsInTurn ? 1 : spec.queriesPerGroup(),
                            spec.groups(units),
                            spec.valueSize(units),
                            spec.isByDimension() ? 1 : 0));
            CopyKernel.launch(
                    memory.executor(),
                    new CopyKernel.Sizes(
                            rows, width, result.start(), 1, rows, features.start(), features.columns(), 1));
        }
    }

    private void rotate(
            AttentionSpec spec,
            RotaryPositions rotary,
            BatchShape batch,
            int firstPosition,
            int heads,
            int x,
            int xRow,
            int xColumn,
            int table) {
        RotaryKernel.launch(
                memory.executor(),
                new RotaryKernel.Sizes(
                        batch.rows(),
                        heads,
                        spec.headSize(),
                        batch.length(),
                        firstPosition,
                        rotary.frequencies().size(),
                        x,
                        xRow,
                        xColumn,
                        table));
    }
}
