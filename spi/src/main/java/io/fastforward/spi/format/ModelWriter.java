package io.fastforward.spi.format;

import io.fastforward.spi.model.LayerWeights;

/** Writes one model while its layers pass by. Used from one thread. */
public interface ModelWriter extends AutoCloseable {

    /**
     * A layer; they come in order, each once.
     *
     * @param weights of the shapes that were announced, with units as in checkpoints; valid during the call. Their data
     *     type may be another than that of {@link WriteSettings}, to which the writer rounds them
     */
    void layer(int layer, LayerWeights weights);

    /** Completes the files, once all layers have passed. What was written is on the disk then, not in its cache alone. */
    void finish();

    /** Lets go of files and memory, finished or not. */
    @Override
    void close();
}
