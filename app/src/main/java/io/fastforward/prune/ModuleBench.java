package io.fastforward.prune;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
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
 * @param batches on the own stream, of the taps that it has wishes for
 * @param dense on the dense stream, likewise, if it iterates
 */
record ModuleBench(
        LinearAlgebra algebra, Arena arena, Map<Tap, Iterable<Matrix>> batches, Map<Tap, Iterable<Matrix>> dense)
        implements Workbench {

    /** With batches of the own stream alone. */
    ModuleBench(LinearAlgebra algebra, Arena arena, Map<Tap, Iterable<Matrix>> batches) {
        this(algebra, arena, batches, Map.of());
    }

    @Override
    public Iterable<Matrix> batches(Tap tap) {
        return batches(tap, HiddenStream.OWN);
    }

    @Override
    public Iterable<Matrix> batches(Tap tap, HiddenStream stream) {
        Iterable<Matrix> wished = (stream == HiddenStream.OWN ? batches : dense).get(tap);
        if (wished == null) {
            throw new IllegalArgumentException("there are no batches of " + tap + " on the stream " + stream
                    + ": the plugin has no wish for it, or scores a module that the hidden states have passed"
                    + (stream == HiddenStream.DENSE ? ", or does not say that it iterates" : "")
                    + (tap == Tap.RESIDUAL ? ", or the run does not repair towards the residual stream" : ""));
        }
        return wished;
    }
}
