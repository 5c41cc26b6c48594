package io.fastforward.agents;

import java.nio.ByteBuffer;
import java.util.SplittableRandom;

/**
 * An independent stream of random numbers for each batch, made from the seed and the number of the batch alone, so
 * that an agent that goes on from a saved state needs no generator's inner state.
 */
final class BatchStreams {

    /** Bytes that {@link #write} needs. */
    static final int STATE_BYTES = Long.BYTES + Integer.BYTES;

    private long seed;
    private int batch;

    BatchStreams(long seed) {
        this.seed = seed;
    }

    /** The stream of the next batch. Takes time in proportion to the batch's number, which is small. */
    SplittableRandom next() {
        SplittableRandom root = new SplittableRandom(seed);
        for (int i = 0; i < batch; i++) {
            root.split();
        }
        batch++;
        return root.split();
    }

    /** Appends the state. */
    void write(ByteBuffer target) {
        target.putLong(seed).putInt(batch);
    }

    /**
     * Takes over a state that {@link #write} appended.
     *
     * @throws IllegalArgumentException if it is none; nothing has changed then
     */
    void read(ByteBuffer source) {
        long savedSeed = source.getLong();
        int savedBatch = source.getInt();
        if (savedBatch < 0) {
            throw new IllegalArgumentException("the agent's state counts " + savedBatch + " batches");
        }
        seed = savedSeed;
        batch = savedBatch;
    }
}
