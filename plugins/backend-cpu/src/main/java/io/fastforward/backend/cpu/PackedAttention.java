package io.fastforward.backend.cpu;

import io.fastforward.backend.cpu.onednn.OneDnn;
import io.fastforward.backend.cpu.onednn.OneDnnThread;
import io.fastforward.spi.model.AttentionSpec;
import java.util.ArrayList;
import java.util.List;

/**
 * Attention with products in bfloat16, for sequences that are long enough to gain by it.
 *
 * @param library multiplies; closed by whoever opened it
 * @param workers memory of each thread
 * @param keys packed ones of all sequences that pass together
 * @param values the same
 */
record PackedAttention(OneDnn library, List<Worker> workers, Scratch keys, Scratch values) implements AutoCloseable {

    /** With fewer queries, products are so small that rounding and calls take what they gain. */
    private static final int FEWEST_QUERIES = 512;

    /**
     * What a thread works with.
     *
     * @param thread executes products; closed by whoever opened it
     * @param rounded rows of numbers that were rounded
     * @param filled such rows, filled up with zeros
     * @param sums of values
     */
    record Worker(OneDnnThread thread, Scratch rounded, Scratch filled, Scratch sums) {}

    static PackedAttention of(OneDnn library, List<OneDnnThread> threads) {
        List<Worker> workers = new ArrayList<>();
        threads.forEach(thread -> workers.add(new Worker(thread, new Scratch(), new Scratch(), new Scratch())));
        return new PackedAttention(library, List.copyOf(workers), new Scratch(), new Scratch());
    }

    /** Whether so many consecutive queries of a sequence gain by it. */
    boolean pays(int queries) {
        return queries >= FEWEST_QUERIES;
    }

    /**
     * Packs the keys and values of some sequences; there until the next ones are.
     *
     * @param positions of each sequence
     * @param units how many leading units are active
     */
    PackedTiles pack(
            CpuResources cpu,
            AttentionSpec spec,
            int units,
            int sequences,
            int positions,
            SingleTiles.Rows keys,
            SingleTiles.Rows values) {
        return PackedTiles.pack(
                this,
                cpu,
                sequences,
                positions,
                spec.groups(units),
                spec.headSize(),
                spec.valueSize(units),
                keys,
                values);
    }

    @Override
    public void close() {
        workers.forEach(worker -> {
            worker.rounded.close();
            worker.filled.close();
            worker.sums.close();
        });
        keys.close();
        values.close();
    }
}
