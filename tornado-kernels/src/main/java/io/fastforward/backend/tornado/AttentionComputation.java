package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.kernel.AttentionKernel;
import io.fastforward.backend.tornado.kernel.RotaryKernel;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.RotaryPositions;

/** What attention computes between its normalisation and its output map. The shapes fit. */
final class AttentionComputation {

    private final DeviceMemory memory;
    private final RotaryTables rotaryTables;

    AttentionComputation(DeviceMemory memory, RotaryTables rotaryTables) {
        this.memory = memory;
        this.rotaryTables = rotaryTables;
    }

    /**
     * Where keys and values are.
     *
     * @param keys start of the keys
     * @param values start of the values
     * @param length how many are there already
     */
    record Keys(int keys, int values, int length) {}

    /** The features of a batch, whose keys and values are added to those that are there. */
    void features(
            TornadoModule module,
            AttentionSpec spec,
            int units,
            Keys kept,
            BatchShape batch,
            int x,
            TornadoMatrix features) {
        int rows = batch.rows();
        int hidden = spec.hiddenSize();
        int queryWidth = spec.heads(units) * spec.headSize();
        int keyWidth = spec.groups(units) * spec.headSize();
        int valueWidth = spec.groups(units) * spec.valueSize(units);
        int newKeys = kept.keys + kept.length * keyWidth;
        int newValues = kept.values + kept.length * valueWidth;
        try (Region queries = memory.take(rows, queryWidth)) {
            module.map(MapRole.QUERY).apply(hidden, queryWidth, rows, x, hidden, queries.start(), queryWidth, false);
            module.map(MapRole.KEY).apply(hidden, keyWidth, rows, x, hidden, newKeys, keyWidth, false);
            module.map(MapRole.VALUE).apply(hidden, valueWidth, rows, x, hidden, newValues, valueWidth, false);
            RotaryPositions rotary = spec.rotary();
            if (rotary != null) {
                int table = rotaryTables.table(rotary, kept.length + batch.length());
                rotate(spec, rotary, batch, kept.length, spec.heads(units), queries.start(), table);
                rotate(spec, rotary, batch, kept.length, spec.groups(units), newKeys, table);
            }
            attend(spec, units, kept, batch, queries.start(), features);
        }
    }

    private void attend(
            AttentionSpec spec, int units, Keys kept, BatchShape batch, int queries, TornadoMatrix features) {
        AttentionKernel.launch(
                memory.executor(),
                new AttentionKernel.Sizes(
                        batch.rows(),
                        spec.heads(units),
                        spec.groups(units),
                        headsPerKey(spec),
                        spec.headSize(),
                        spec.valueSize(units),
                        batch.length(),
                        kept.length,
                        queries,
                        kept.keys,
                        kept.values,
                        features.start(),
                        features.columns(),
                        spec.slidingWindow(),
                        spec.isByDimension() ? 1 : 0));
    }

    /** Query head h belongs to key head h / headsPerKey mod groups. */
    private static int headsPerKey(AttentionSpec spec) {
        return spec.unit() == AttentionUnit.QUERY_HEAD ? 1 : spec.queriesPerGroup();
    }

    private void rotate(
            AttentionSpec spec,
            RotaryPositions rotary,
            BatchShape batch,
            int firstPosition,
            int heads,
            int x,
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
                        heads * spec.headSize(),
                        table));
    }
}
