package io.fastforward.spi.model;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** Gives the weights of decoder layers one by one, so that only those in use need memory. */
@FunctionalInterface
public interface WeightSource {

    /**
     * The weights of a layer.
     *
     * @param arena owns what has to be allocated for them; mapped weights are not copied
     */
    LayerWeights layer(int layer, Arena arena);

    /**
     * Where the stored weights of a layer lie in mapped files, so that they can be read from disk before they are needed.
     *
     * @return views, valid as long as the source; none if it is not known
     */
    default List<MemorySegment> mapped(int layer) {
        return List.of();
    }
}
