package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.Precision;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Products by linear maps in one precision. */
interface MapProducts extends AutoCloseable {

    Precision precision();

    /** What computes them, for people; empty if it is what computes all products. */
    String description();

    /** What a weight takes in memory. */
    default int bytesPerWeight() {
        return Float.BYTES;
    }

    /** Most rows whose {@link MapWeights#input} is made at once. */
    int mostRows();

    /**
     * New weights.
     *
     * @param arena owns their memory
     * @param inputsVary whether products take more or fewer leading inputs of them, and should be the cheaper for it
     */
    MapWeights allocate(Arena arena, int outputs, int inputs, boolean inputsVary);

    /** Products of attention in this precision; null where those of single precision serve. */
    default @Nullable PackedAttention attention() {
        return null;
    }

    @Override
    void close();
}
