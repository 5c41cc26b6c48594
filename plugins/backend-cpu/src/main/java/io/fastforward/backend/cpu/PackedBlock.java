package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.PackedAttention.Worker;
import io.fastforward.backend.cpu.algebra.FloatView;
import java.lang.foreign.MemorySegment;

/**
 * A block whose keys and values are packed.
 *
 * @param tiles of which it sees some
 * @param worker with what
 * @param count queries
 * @param queries rounded
 * @param keys the tiles of its sequence and KV group
 * @param values the same
 * @param room for scores
 * @param sums as wide as packed values
 * @param features where the sums go in the end
 */
record PackedBlock(
        PackedTiles tiles,
        Worker worker,
        int count,
        MemorySegment queries,
        MemorySegment keys,
        MemorySegment values,
        Scratch room,
        FloatView sums,
        FloatView features)
        implements AttentionTiles.Block {

    @Override
    public FloatView scores(int start, int number) {
        PackedTiles.PackedMap key = tiles.key();
        FloatView scores = room.matrix(count, key.outputs());
        tiles.memory()
                .library()
                .multiply(
                        worker.thread(),
                        queries,
                        key.inputs(),
                        count,
                        keys.asSlice(start / tiles.keys() * key.bytes()),
                        key.inputs(),
                        key.outputs(),
                        0,
                        Math.ceilDiv(number, key.block()) * key.block(),
                        false,
                        scores);
        return scores;
    }

    @Override
    public void add(FloatView weights, int start, int number, boolean first) {
        PackedTiles.PackedMap value = tiles.value();
        int width = value.inputs();
        MemorySegment rounded = worker.filled().bytes((long) count * width * Short.BYTES);
        for (int row = 0; row < count; row++) {
            long target = (long) row * width;
            tiles.cpu().kernels().roundToBfloat16(weights.data(), weights.index(row), rounded, target, number);
            rounded.asSlice((target + number) * Short.BYTES, (long) (width - number) * Short.BYTES)
                    .fill((byte) 0);
        }
        tiles.memory()
                .library()
                .multiply(
                        worker.thread(),
                        rounded,
                        width,
                        count,
                        values.asSlice(start / tiles.keys() * value.bytes()),
                        width,
                        value.outputs(),
                        0,
                        value.outputs(),
                        !first,
                        sums);
    }

    @Override
    public void finish() {
        for (int row = 0; row < count; row++) {
            sums.at(row, 0)
                    .copyTo(features.data(), features.index(row), tiles.value().size());
        }
    }
}
