package io.fastforward.spi.format;

import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;

/** A model that can be computed: architecture, layers, and what is before and after them. Safe for many threads. */
public interface ReadableModel extends WeightSource, AutoCloseable {

    /** The architecture. */
    ModelSpec spec();

    /** What comes before and after the layers. Valid until the model is closed. */
    ModelEnds ends();

    @Override
    void close();
}
