package io.fastforward.backend.cpu;

import io.fastforward.spi.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.RotaryPositions;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The features of an attention module. Queries are made where the features go, which replace them block by block. The
 * query heads of a group and some consecutive positions form one block: one product with all keys that any of them
 * sees, softmax of each row over what it sees itself, one product with the values. So scores need memory for one
 * block and one sequence of keys, and keys after the block cost nothing.
 */
final class AttentionFeatures {

    private static final int BLOCK_QUERIES = 128;
    private static final int FEWEST_POSITIONS = 8;

    private final CpuResources cpu;
    private @Nullable RotaryTable rotaryTable;

    AttentionFeatures(CpuResources cpu) {
        this.cpu = cpu;
    }

    void compute(
            CpuModule module, AttentionSpec spec, int groups, BatchShape batch, FloatView hidden, FloatView features) {
        RotaryTable table = spec.rotary() == null ? null : rotaryTable(spec.rotary(), batch.length());
        int chunk = Math.max(1, CpuResources.CHUNK_ROWS / batch.length());
        for (int start = 0; start < batch.sequences(); start += chunk) {
            var part = new BatchShape(Math.min(chunk, batch.sequences() - start), batch.length());
            int row = start * batch.length();
            computeChunk(module, spec, groups, part, table, hidden.at(row, 0), features.at(row, 0));
        }
    }

    private RotaryTable rotaryTable(RotaryPositions rotary, int length) {
        RotaryTable table = rotaryTable;
        if (table == null || !table.serves(rotary, length)) {
            table = RotaryTable.of(rotary, length);
            rotaryTable = table;
        }
        return table;
    }

    private void computeChunk(
            CpuModule module,
            AttentionSpec spec,
            int groups,
            BatchShape batch,
            @Nullable RotaryTable table,
            FloatView hidden,
            FloatView features) {
        int rows = batch.rows();
        int width = spec.hiddenSize();
        int keyWidth = groups * spec.headSize();
        FloatView x = cpu.normalize(module.norm(), hidden, rows, width);
        FloatView keys = cpu.keys().matrix(rows, keyWidth);
        FloatView values = cpu.values().matrix(rows, keyWidth);
        CpuMap query = module.inputs().get(0);
        CpuMap key = module.inputs().get(1);
        CpuMap value = module.inputs().get(2);

        int panel = Math.max(1, CpuResources.PANEL / spec.headSize()) * spec.headSize();
        List<Projection> projections = List.of(
                new Projection(query, features, spec.features(groups), table),
                new Projection(key, keys, keyWidth, table),
                new Projection(value, values, keyWidth, null));
        int panels = projections.stream()
                .mapToInt(projection -> CpuResources.tiles(projection.width(), panel))
                .sum();
        cpu.forTiles(rows, CpuResources.rowTile(rows), panels, 1, (row, count, number, one, worker) -> {
            int column = number * panel;
            for (Projection projection : projections) {
                int padded = CpuResources.tiles(projection.width(), panel) * panel;
                if (column < padded) {
                    int columns = Math.min(panel, projection.width() - column);
                    FloatView tile = projection.target().at(row, column);
                    projection.map().apply(cpu, x.at(row, 0), count, width, column, columns, 0, tile);
                    turn(projection.table(), spec, batch.length(), row, count, columns, tile);
                    return;
                }
                column -= padded;
            }
        });
        attend(spec, groups, batch, keys, values, features);
    }

    /** One of the three maps of the input, and where its results go. */
    private record Projection(
            CpuMap map,
            FloatView target,
            int width,
            @Nullable RotaryTable table) {}

    private void turn(
            @Nullable RotaryTable table,
            AttentionSpec spec,
            int length,
            int firstRow,
            int rows,
            int columns,
            FloatView tile) {
        if (table == null) {
            return;
        }
        for (int row = 0; row < rows; row++) {
            int position = (firstRow + row) % length;
            for (int head = 0; head < columns; head += spec.headSize()) {
                table.turn(cpu.kernels(), tile.data(), tile.index(row) + head, position);
            }
        }
    }

    private void attend(
            AttentionSpec spec, int groups, BatchShape batch, FloatView keys, FloatView values, FloatView features) {
        int positions = Math.max(FEWEST_POSITIONS, BLOCK_QUERIES / spec.queriesPerGroup());
        int blocks = CpuResources.tiles(batch.length(), positions);
        int pairs = batch.sequences() * groups;
        cpu.pool().run(Math.multiplyExact(pairs, blocks), (item, worker) -> {
            // The last block of a sequence sees the most keys: first, so that no thread is left with it at the end.
            int first = (blocks - 1 - item / pairs) * positions;
            int count = Math.min(positions, batch.length() - first);
            int sequence = item % pairs / groups;
            int group = item % pairs % groups;
            int row = sequence * batch.length();
            attendBlock(
                    spec,
                    first,
                    count,
                    keys.at(row, group * spec.headSize()),
                    values.at(row, group * spec.headSize()),
                    features.at(row, group * spec.featuresPerUnit()),
                    worker);
        });
    }

    /** All query heads of one group at some consecutive positions of one sequence. */
    private void attendBlock(
            AttentionSpec spec,
            int first,
            int count,
            FloatView keys,
            FloatView values,
            FloatView features,
            int worker) {
        int headSize = spec.headSize();
        int queries = spec.queriesPerGroup() * count;
        int firstKey = spec.slidingWindow() == 0 ? 0 : Math.max(0, first + 1 - spec.slidingWindow());
        int keyCount = first + count - firstKey;
        RowKernels kernels = cpu.kernels();

        FloatView stacked = cpu.first()[worker].matrix(queries, headSize);
        for (int i = 0; i < queries; i++) {
            long source = features.index(first + i % count) + (long) (i / count) * headSize;
            MemorySegment.copy(
                    features.data(),
                    source * Float.BYTES,
                    stacked.data(),
                    stacked.index(i) * Float.BYTES,
                    (long) headSize * Float.BYTES);
        }
        FloatView scores = cpu.second()[worker].matrix(queries, keyCount);
        cpu.blas().multiplyByTransposed(queries, keyCount, headSize, stacked, keys.at(firstKey, 0), 0, scores);

        var sums = new double[queries];
        for (int i = 0; i < queries; i++) {
            int last = first + i % count;
            int from = spec.slidingWindow() == 0 ? 0 : Math.max(0, last + 1 - spec.slidingWindow()) - firstKey;
            int to = last + 1 - firstKey;
            long row = scores.index(i);
            clear(scores, row, from);
            sums[i] = kernels.exponentials(scores.data(), row + from, to - from, (float) spec.scale());
            clear(scores, row + to, keyCount - to);
        }

        FloatView result = cpu.first()[worker].matrix(queries, headSize);
        cpu.blas().multiply(queries, headSize, keyCount, scores, values.at(firstKey, 0), result);
        for (int i = 0; i < queries; i++) {
            long target = features.index(first + i % count) + (long) (i / count) * headSize;
            kernels.scale((float) (1 / sums[i]), result.data(), result.index(i), features.data(), target, headSize);
        }
    }

    private static void clear(FloatView view, long first, int length) {
        view.data().asSlice(first * Float.BYTES, (long) length * Float.BYTES).fill((byte) 0);
    }
}
