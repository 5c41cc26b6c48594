package io.fastforward.spi.prune;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** What a plugin may work with during one call. */
public interface Workbench {

    /** Linear algebra in double precision, on all cores. */
    LinearAlgebra algebra();

    /** Owns the memory of what the plugin gives back; scratch memory is the plugin's own affair. */
    Arena arena();

    /**
     * What passes a tap of the module on its own stream, with all units, for those that iterate instead of summing up:
     * every iteration computes it anew, batch by batch. A {@link Criterion} has none.
     *
     * @param tap one that the plugin has a wish for; not the residual, which is a difference of sums
     * @return {@code tokens × width} each, F32; valid until the next one is asked for
     * @throws IllegalArgumentException if the plugin has no wish for the tap, or scores
     */
    Iterable<Matrix> batches(Tap tap);
}
