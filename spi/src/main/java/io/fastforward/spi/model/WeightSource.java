package io.fastforward.spi.model;

import java.lang.foreign.Arena;

/** Gives the weights of decoder layers one by one, so that only those in use need memory. */
@FunctionalInterface
public interface WeightSource {

    /**
     * The weights of a layer.
     *
     * @param arena owns what has to be allocated for them; mapped weights are not copied
     */
    LayerWeights layer(int layer, Arena arena);
}
