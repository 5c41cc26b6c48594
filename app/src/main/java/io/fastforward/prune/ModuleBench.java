package io.fastforward.prune;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Map;

/**
 * What a plugin works with at one module.
 *
 * @param algebra solves its equations
 * @param arena owns what it gives back
 * @param batches of the taps that it has wishes for
 */
record ModuleBench(LinearAlgebra algebra, Arena arena, Map<Tap, Iterable<Matrix>> batches) implements Workbench {

    @Override
    public Iterable<Matrix> batches(Tap tap) {
        Iterable<Matrix> wished = batches.get(tap);
        if (wished == null) {
            throw new IllegalArgumentException("there are no batches of " + tap + ": "
                    + (tap == Tap.RESIDUAL
                            ? "it is a difference of sums"
                            : "the plugin has no wish for it, or scores a module that the hidden states have passed"));
        }
        return wished;
    }
}
