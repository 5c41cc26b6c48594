package io.fastforward.backend.cpu;

import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.fastforward.backend.cpu.PackedAttention.Worker;
import io.fastforward.backend.cpu.algebra.FloatView;
import java.lang.foreign.MemorySegment;

/**
 * Keys and values in bfloat16, each tile packed once for all blocks of queries and all heads that see it. A tile is as long
 * as a block, so that of what a block multiplies, only half of its last tile is unseen; the last tile of a sequence is
 * filled up with zeros. Values are packed as a map from positions to dimensions, so they are transposed.
 *
 * <p>Queries, keys, values and weights, which softmax leaves between 0 and 1, are rounded. Softmax and sums stay in single
 * precision.
 *
 * @param memory where they are
 * @param cpu what it works with
 * @param positions of each sequence
 * @param groups KV groups
 * @param key how keys are packed: a map from the dimensions of a head to positions
 * @param value how values are packed: a map from positions to dimensions
 * @param packedKeys the tiles, KV group after KV group of each sequence
 * @param packedValues the same
 */
record PackedTiles(
        PackedAttention memory,
        CpuResources cpu,
        int positions,
        int groups,
        PackedMap key,
        PackedMap value,
        MemorySegment packedKeys,
        MemorySegment packedValues)
        implements AttentionTiles {

    /** Positions of a tile, and most queries of a block: they make products of 370 GFLOP/s where 128 make 255. */
    private static final int TILE = 256;

    /** Inputs come in multiples of so many: no instruction takes more of them at once. */
    private static final int STEP = 32;

    /**
     * A map that is packed.
     *
     * @param size how many numbers there are of a position
     * @param inputs at least as many as there are, filled up with zeros
     * @param outputs the same
     * @param block how many outputs lie together
     * @param bytes of all
     */
    record PackedMap(int size, int inputs, int outputs, int block, long bytes) {}

    /** Packs the keys and values of some sequences. */
    static PackedTiles pack(
            PackedAttention memory,
            CpuResources cpu,
            int sequences,
            int positions,
            int groups,
            int headSize,
            int valueSize,
            SingleTiles.Rows keys,
            SingleTiles.Rows values) {
        int width = Math.ceilDiv(headSize, STEP) * STEP;
        PackedMap key = packed(memory, headSize, width, TILE);
        PackedMap value = packed(memory, valueSize, TILE, valueSize);
        int tiles = Math.multiplyExact(Math.multiplyExact(sequences, groups), perGroup(positions));
        PackedTiles packed = new PackedTiles(
                memory,
                cpu,
                positions,
                groups,
                key,
                value,
                memory.keys().bytes(tiles * key.bytes),
                memory.values().bytes(tiles * value.bytes));
        cpu.pool()
                .run(
                        tiles,
                        (tile, worker) ->
                                packed.pack(tile, keys, values, memory.workers().get(worker)));
        return packed;
    }

    private static int perGroup(int positions) {
        return Math.ceilDiv(positions, TILE);
    }

    private static PackedMap packed(PackedAttention memory, int size, int inputs, int atLeast) {
        int outputs = memory.library().packedOutputs(inputs, atLeast);
        return new PackedMap(
                size,
                inputs,
                outputs,
                memory.library().block(inputs, outputs),
                memory.library().packedBytes(inputs, outputs));
    }

    @Override
    public int queries() {
        return TILE;
    }

    @Override
    public int keys() {
        return TILE;
    }

    @Override
    public int start(int firstKey) {
        return firstKey / TILE * TILE;
    }

    private void pack(int tile, SingleTiles.Rows allKeys, SingleTiles.Rows allValues, Worker worker) {
        int group = tile / perGroup(positions);
        int start = tile % perGroup(positions) * TILE;
        int count = Math.min(TILE, positions - start);
        int sequence = group / groups;
        packKeys(
                allKeys.of(sequence, group % groups).at(start, 0), count, packedKeys.asSlice(tile * key.bytes), worker);
        packValues(
                allValues.of(sequence, group % groups).at(start, 0),
                count,
                packedValues.asSlice(tile * value.bytes),
                worker);
    }

    private void packKeys(FloatView keys, int count, MemorySegment packed, Worker worker) {
        MemorySegment rows = worker.filled().bytes((long) key.block * key.inputs * Short.BYTES);
        for (int first = 0; first < key.outputs; first += key.block) {
            rows.fill((byte) 0);
            for (int row = first; row < Math.min(first + key.block, count); row++) {
                long target = (long) (row - first) * key.inputs;
                cpu.kernels().roundToBfloat16(keys.data(), keys.index(row), rows, target, key.size);
            }
            memory.library().pack(worker.thread(), rows, packed, key.inputs, key.outputs, first);
        }
    }

    private void packValues(FloatView values, int count, MemorySegment packed, Worker worker) {
        MemorySegment rounded = worker.rounded().bytes((long) count * value.size * Short.BYTES);
        for (int row = 0; row < count; row++) {
            cpu.kernels()
                    .roundToBfloat16(values.data(), values.index(row), rounded, (long) row * value.size, value.size);
        }
        MemorySegment rows = worker.filled().bytes((long) value.block * TILE * Short.BYTES);
        for (int first = 0; first < value.outputs; first += value.block) {
            rows.fill((byte) 0);
            int dimensions = Math.min(value.block, value.size - first);
            for (int row = 0; row < count; row++) {
                for (int i = 0; i < dimensions; i++) {
                    short one = rounded.getAtIndex(JAVA_SHORT, (long) row * value.size + first + i);
                    rows.setAtIndex(JAVA_SHORT, (long) i * TILE + row, one);
                }
            }
            memory.library().pack(worker.thread(), rows, packed, value.inputs, value.outputs, first);
        }
    }

    @Override
    public Block block(int sequence, int group, FloatView queries, int count, FloatView features, int worker) {
        Worker with = memory.workers().get(worker);
        MemorySegment rounded = with.rounded().bytes((long) count * key.inputs * Short.BYTES);
        int missing = key.inputs - key.size;
        for (int row = 0; row < count; row++) {
            long target = (long) row * key.inputs;
            cpu.kernels().roundToBfloat16(queries.data(), queries.index(row), rounded, target, key.size);
            rounded.asSlice((target + key.size) * Short.BYTES, (long) missing * Short.BYTES)
                    .fill((byte) 0);
        }
        long firstTile = ((long) sequence * groups + group) * perGroup(positions);
        return new PackedBlock(
                this,
                with,
                count,
                rounded,
                packedKeys.asSlice(firstTile * key.bytes),
                packedValues.asSlice(firstTile * value.bytes),
                cpu.first()[worker],
                with.sums().matrix(count, value.outputs),
                features);
    }
}
