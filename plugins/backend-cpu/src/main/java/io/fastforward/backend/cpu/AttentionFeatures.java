package io.fastforward.backend.cpu;

import io.fastforward.spi.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.RotaryPositions;
import org.jspecify.annotations.Nullable;

/**
 * The features of an attention module. Some consecutive queries of one head form a block, which goes through the keys
 * that any of them sees tile by tile: one product with the keys, softmax of each row over what it sees itself, one
 * product with the values (Dao et al., FlashAttention, 2022). So the scores need a few hundred KiB however long a
 * sequence is, and keys after the block cost nothing.
 */
final class AttentionFeatures {

    private static final int FEWEST_QUERIES = 64;
    private static final int MOST_QUERIES = 256;

    /** With it the scores of a block, at most 512 KiB, stay in the second-level cache. */
    private static final int TILE_KEYS = 512;

    private final CpuResources cpu;
    private @Nullable RotaryTable rotaryTable;

    AttentionFeatures(CpuResources cpu) {
        this.cpu = cpu;
    }

    void compute(
            CpuModule module, AttentionSpec spec, int groups, BatchShape batch, FloatView hidden, FloatView features) {
        int chunk = Math.max(1, CpuResources.CHUNK_ROWS / batch.length());
        for (int start = 0; start < batch.sequences(); start += chunk) {
            var part = new BatchShape(Math.min(chunk, batch.sequences() - start), batch.length());
            int row = start * batch.length();
            FloatView projected = project(module, spec, groups, part, hidden.at(row, 0));
            attend(spec, groups, part, projected, features.at(row, 0));
        }
    }

    /** Queries, keys and values in the layout of {@link CpuMap#ofGroups}, turned by their positions. */
    private FloatView project(CpuModule module, AttentionSpec spec, int groups, BatchShape batch, FloatView hidden) {
        int rows = batch.rows();
        int width = spec.hiddenSize();
        int outputs = groups * CpuMap.groupWidth(spec);
        CpuMap map = module.inputs().getFirst();
        FloatView x = cpu.normalize(module.norm(), hidden, rows, width);
        FloatView projected = cpu.projected().matrix(rows, outputs);
        RotaryTable table = spec.rotary() == null ? null : rotaryTable(spec.rotary(), batch.length());
        cpu.forTiles(
                Tiling.of(rows, outputs, spec.headSize()), rows, outputs, (row, count, column, columns, worker) -> {
                    FloatView tile = projected.at(row, column);
                    map.apply(cpu, x.at(row, 0), count, width, column, columns, 0, tile);
                    if (table != null) {
                        turn(table, spec, batch.length(), row, count, column, columns, tile);
                    }
                });
        return projected;
    }

    private RotaryTable rotaryTable(RotaryPositions rotary, int length) {
        RotaryTable table = rotaryTable;
        if (table == null || !table.serves(rotary, length)) {
            table = RotaryTable.of(rotary, length);
            rotaryTable = table;
        }
        return table;
    }

    /** Turns the heads of a tile, except values. */
    private void turn(
            RotaryTable table,
            AttentionSpec spec,
            int length,
            int firstRow,
            int rows,
            int firstColumn,
            int columns,
            FloatView tile) {
        int headsPerGroup = spec.queriesPerGroup() + 2;
        int firstHead = firstColumn / spec.headSize();
        for (int row = 0; row < rows; row++) {
            int position = (firstRow + row) % length;
            for (int head = 0; head < columns / spec.headSize(); head++) {
                boolean value = (firstHead + head) % headsPerGroup == headsPerGroup - 1;
                if (!value) {
                    table.turn(cpu.kernels(), tile.data(), tile.index(row) + (long) head * spec.headSize(), position);
                }
            }
        }
    }

    private void attend(AttentionSpec spec, int groups, BatchShape batch, FloatView projected, FloatView features) {
        int queries = blockQueries(batch.length());
        int blocks = Math.ceilDiv(batch.length(), queries);
        int heads = groups * spec.queriesPerGroup();
        int pairs = batch.sequences() * heads;
        cpu.pool().run(Math.multiplyExact(pairs, blocks), (item, worker) -> {
            // The last block of a sequence sees the most keys: first, so that no thread is left with it at the end.
            int first = (blocks - 1 - item / pairs) * queries;
            int count = Math.min(queries, batch.length() - first);
            int row = item % pairs / heads * batch.length();
            int head = item % pairs % heads;
            int group = head / spec.queriesPerGroup();
            FloatView ofGroup = projected.at(row, group * CpuMap.groupWidth(spec));
            FloatView keys = ofGroup.at(0, spec.featuresPerUnit());
            attendBlock(
                    spec,
                    first,
                    count,
                    ofGroup.at(first, head % spec.queriesPerGroup() * spec.headSize()),
                    keys,
                    keys.at(0, spec.headSize()),
                    features.at(row + first, head * spec.headSize()),
                    cpu.first()[worker]);
        });
    }

    /**
     * Queries of one block. Few of them waste little on keys that only the later ones see; many make faster products
     * (2048 tokens, heads of 64, µs a token and head: 6.9 with 64 queries, 5.8 with 128, 5.2 with 256).
     */
    private static int blockQueries(int length) {
        return Math.clamp(length / 8, FEWEST_QUERIES, MOST_QUERIES);
    }

    /** One query head at some consecutive positions of one sequence. */
    private void attendBlock(
            AttentionSpec spec,
            int first,
            int count,
            FloatView queries,
            FloatView keys,
            FloatView values,
            FloatView features,
            Scratch scratch) {
        var softmax = new OnlineSoftmax(cpu.kernels(), spec, features, count);
        int firstKey = firstKey(spec, first);
        int end = first + count;
        for (int start = firstKey; start < end; start += TILE_KEYS) {
            int keyCount = Math.min(TILE_KEYS, end - start);
            FloatView scores = scratch.matrix(count, keyCount);
            cpu.blas().multiplyByTransposed(count, keyCount, spec.headSize(), queries, keys.at(start, 0), 0, scores);
            for (int i = 0; i < count; i++) {
                int from = Math.clamp(firstKey(spec, first + i) - start, 0, keyCount);
                int to = Math.clamp(first + i + 1 - start, from, keyCount);
                softmax.weigh(i, scores, from, to, keyCount);
            }
            float beta = start == firstKey ? 0 : 1;
            cpu.blas().multiply(count, spec.headSize(), keyCount, scores, values.at(start, 0), beta, features);
        }
        softmax.divide();
    }

    /** The first position that a query sees. */
    private static int firstKey(AttentionSpec spec, int position) {
        return spec.slidingWindow() == 0 ? 0 : Math.max(0, position + 1 - spec.slidingWindow());
    }
}
