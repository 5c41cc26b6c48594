package io.fastforward.agents;

import java.util.SplittableRandom;

/**
 * An independent stream of random numbers for each batch, made from the seed and the number of the batch alone, so
 * that an agent that goes on from a saved state needs no generator's inner state.
 */
final class BatchStreams {

    private BatchStreams() {}

    /** The stream of a batch, counted from 0. Takes time in proportion to the number, which is small. */
    static SplittableRandom stream(long seed, int batch) {
        SplittableRandom root = new SplittableRandom(seed);
        for (int i = 0; i < batch; i++) {
            root.split();
        }
        return root.split();
    }
}
