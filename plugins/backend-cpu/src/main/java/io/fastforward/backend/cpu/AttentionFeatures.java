package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.algebra.FloatView;
import io.fastforward.backend.cpu.algebra.Tiling;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.RotaryPositions;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/**
 * The features of an attention module. Some consecutive queries of one head form a block, which goes through the keys
 * that any of them sees tile by tile: one product with the keys, softmax of each row over what it sees itself, one
 * product with the values (Dao et al., FlashAttention, 2022). So the scores need a few hundred KiB however long a
 * sequence is, and keys after the block cost nothing.
 */
final class AttentionFeatures {

    private static final int TABLE_STEP = 256;

    private final CpuResources cpu;
    private @Nullable RotaryTable rotaryTable;

    AttentionFeatures(CpuResources cpu) {
        this.cpu = cpu;
    }

    /**
     * Consecutive tokens of some sequences, which pass together.
     *
     * @param layout of the queries, keys and values
     * @param units how many leading units are active
     * @param batch how many sequences and tokens
     * @param firstPosition position of the first of these tokens in its sequence
     */
    private record Part(ProjectionLayout layout, int units, BatchShape batch, int firstPosition) {}

    void compute(
            CpuModule module, AttentionSpec spec, int units, BatchShape batch, FloatView hidden, FloatView features) {
        var layout = new ProjectionLayout(spec);
        int length = batch.length();
        int chunk = Math.max(1, CpuResources.CHUNK_ROWS / length);
        for (int start = 0; start < batch.sequences(); start += chunk) {
            var sequences = new BatchShape(Math.min(chunk, batch.sequences() - start), length);
            var part = new Part(layout, units, sequences, 0);
            FloatView projected = project(module, part, hidden.at(start * length, 0));
            SingleTiles.Rows keys = (sequence, group) -> projected.at(sequence * length, layout.key(group));
            SingleTiles.Rows values = (sequence, group) -> projected.at(sequence * length, layout.value(group, units));
            attend(part, projected, tiles(part, keys, values), features.at(start * length, 0));
        }
    }

    /** The features of the next tokens of the sequence in a cache, which gets their keys and values. */
    void computeNext(CpuKeyValueCache cache, int rows, FloatView hidden, FloatView features) {
        var layout = new ProjectionLayout(cache.spec());
        SingleTiles.Rows keys = (sequence, group) -> cache.key(group);
        SingleTiles.Rows values = (sequence, group) -> cache.value(group);
        for (int start = 0; start < rows; start += CpuResources.CHUNK_ROWS) {
            var tokens = new BatchShape(1, Math.min(CpuResources.CHUNK_ROWS, rows - start));
            var part = new Part(layout, cache.units(), tokens, cache.length());
            FloatView projected = project(cache.module(), part, hidden.at(start, 0));
            cache.append(layout, projected, tokens.length());
            attend(part, projected, tiles(part, keys, values), features.at(start, 0));
        }
    }

    private AttentionTiles tiles(Part part, SingleTiles.Rows keys, SingleTiles.Rows values) {
        AttentionSpec spec = part.layout().spec();
        int length = part.batch().length();
        PackedAttention packed = cpu.maps().attention();
        if (packed == null || !packed.pays(length)) {
            return SingleTiles.of(cpu, length, spec, part.units(), keys, values);
        }
        int positions = part.firstPosition() + length;
        return packed.pack(cpu, spec, part.units(), part.batch().sequences(), positions, keys, values);
    }

    /** Queries, keys and values head by head, turned by their positions. */
    private FloatView project(CpuModule module, Part part, FloatView hidden) {
        ProjectionLayout layout = part.layout();
        AttentionSpec spec = layout.spec();
        int length = part.batch().length();
        int rows = part.batch().rows();
        int width = spec.hiddenSize();
        int outputs = layout.width(part.units());
        CpuMap map = module.inputs().getFirst();
        FloatView x = cpu.normalize(module.norm(), hidden, rows, width);
        MapInput input = map.weight().input(cpu, x, rows, width);
        FloatView projected = cpu.projected().matrix(rows, outputs);
        RotaryTable table = spec.rotary() == null ? null : rotaryTable(spec.rotary(), part.firstPosition() + length);
        cpu.pool()
                .forTiles(
                        Tiling.of(
                                rows,
                                outputs,
                                leastCommonMultiple(
                                        spec.headSize(), map.weight().block())),
                        rows,
                        outputs,
                        (row, count, column, columns, worker) -> {
                            FloatView tile = projected.at(row, column);
                            map.apply(cpu, input.from(row), count, width, column, columns, 0, tile, worker);
                            if (table != null && layout.isAligned()) {
                                for (int i = 0; i < count; i++) {
                                    int position = part.firstPosition() + (row + i) % length;
                                    turn(table, layout, position, column, columns, tile.at(i, 0));
                                }
                            }
                        });
        if (table != null && !layout.isAligned()) {
            turn(table, part, projected); // a tile may end within a head
        }
        if (spec.isByDimension()) {
            int units = part.units();
            transpose(projected.at(0, layout.value(0, units)), rows, units, spec.groups());
        }
        return projected;
    }

    /** A tile is as wide as some heads and some blocks of weights. */
    private static int leastCommonMultiple(int a, int b) {
        int divisor = BigInteger.valueOf(a).gcd(BigInteger.valueOf(b)).intValue();
        return a / divisor * b;
    }

    private RotaryTable rotaryTable(RotaryPositions rotary, int length) {
        RotaryTable table = rotaryTable;
        if (table == null || !table.serves(rotary, length)) {
            // In steps, so that a sequence that grows token by token does not need a new one each time.
            table = RotaryTable.of(rotary, Math.ceilDiv(length, TABLE_STEP) * TABLE_STEP);
            rotaryTable = table;
        }
        return table;
    }

    /** Turns the queries and keys of whole rows. */
    private void turn(RotaryTable table, Part part, FloatView projected) {
        ProjectionLayout layout = part.layout();
        AttentionSpec spec = layout.spec();
        cpu.forRows(part.batch().rows(), (row, count) -> {
            for (int i = row; i < row + count; i++) {
                int position = part.firstPosition() + i % part.batch().length();
                for (int head = 0; head < spec.heads(part.units()); head++) {
                    table.turn(cpu.kernels(), projected.data(), projected.index(i) + layout.query(head), position);
                }
                for (int group = 0; group < spec.groups(part.units()); group++) {
                    table.turn(cpu.kernels(), projected.data(), projected.index(i) + layout.key(group), position);
                }
            }
        });
    }

    /**
     * Transposes a matrix {@code height × width} in every row, in its place: from dimension by dimension to head by head,
     * or back. A product wants the dimensions of a head together; what that costs is little beside the products.
     */
    private void transpose(FloatView matrices, int rows, int height, int width) {
        if (height == 1 || width == 1) {
            return;
        }
        cpu.forRows(rows, (row, count) -> {
            var source = new float[height * width];
            var target = new float[height * width];
            for (int i = row; i < row + count; i++) {
                long first = matrices.index(i) * Float.BYTES;
                MemorySegment.copy(matrices.data(), ValueLayout.JAVA_FLOAT, first, source, 0, source.length);
                for (int y = 0; y < height; y++) {
                    for (int x = 0; x < width; x++) {
                        target[x * height + y] = source[y * width + x];
                    }
                }
                MemorySegment.copy(target, 0, matrices.data(), ValueLayout.JAVA_FLOAT, first, target.length);
            }
        });
    }

    /** Turns the heads of a row of a tile, except values. */
    private void turn(
            RotaryTable table, ProjectionLayout layout, int position, int firstColumn, int columns, FloatView row) {
        int size = layout.spec().headSize();
        for (int column = 0; column < columns; column += size) {
            if (!layout.isValue(firstColumn + column)) {
                table.turn(cpu.kernels(), row.data(), row.first() + column, position);
            }
        }
    }

    private void attend(Part part, FloatView projected, AttentionTiles tiles, FloatView features) {
        ProjectionLayout layout = part.layout();
        AttentionSpec spec = layout.spec();
        BatchShape batch = part.batch();
        int queries = tiles.queries();
        int blocks = Math.ceilDiv(batch.length(), queries);
        int heads = spec.heads(part.units());
        int valueSize = spec.valueSize(part.units());
        int pairs = batch.sequences() * heads;
        cpu.pool().run(Math.multiplyExact(pairs, blocks), (item, worker) -> {
            // The last block of a sequence sees the most keys: first, so that no thread is left with it at the end.
            int first = (blocks - 1 - item / pairs) * queries;
            int count = Math.min(queries, batch.length() - first);
            int sequence = item % pairs / heads;
            int head = item % pairs % heads;
            int row = sequence * batch.length() + first;
            AttentionTiles.Block block = tiles.block(
                    sequence,
                    spec.groupOf(head),
                    projected.at(row, layout.query(head)),
                    count,
                    features.at(row, head * valueSize),
                    worker);
            attendBlock(spec, part.firstPosition() + first, count, valueSize, tiles, block);
        });
        if (spec.isByDimension()) {
            transpose(features, batch.rows(), heads, valueSize);
        }
    }

    /** One query head at some consecutive positions of one sequence. */
    private void attendBlock(
            AttentionSpec spec, int first, int count, int valueSize, AttentionTiles tiles, AttentionTiles.Block block) {
        var softmax = new OnlineSoftmax(cpu.kernels(), spec, block.sums(), valueSize, count);
        int firstTile = tiles.start(firstKey(spec, first));
        int end = first + count;
        for (int start = firstTile; start < end; start += tiles.keys()) {
            int keyCount = Math.min(tiles.keys(), end - start);
            FloatView scores = block.scores(start, keyCount);
            for (int i = 0; i < count; i++) {
                int from = Math.clamp(firstKey(spec, first + i) - start, 0, keyCount);
                int to = Math.clamp(first + i + 1 - start, from, keyCount);
                softmax.weigh(i, scores, from, to, keyCount);
            }
            block.add(scores, start, keyCount, start == firstTile);
        }
        softmax.divide();
        block.finish();
    }

    /** The first position that a query sees. */
    private static int firstKey(AttentionSpec spec, int position) {
        return spec.slidingWindow() == 0 ? 0 : Math.max(0, position + 1 - spec.slidingWindow());
    }
}
