package io.fastforward.spi.prune;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.HiddenStream;
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

    /**
     * What passes a tap of the module with all units on some stream, as {@link #batches(Tap)}, in the same batches of the same
     * tokens on every stream and tap: whoever walks through several at once has what belongs together. Of the residual, on the
     * dense stream, it is the difference itself, and only where that was measured. A single stream answers for both.
     *
     * @param tap one that the plugin has a wish for on this stream
     * @param stream the dense one serves those alone that {@linkplain Calibrator#iterates() say that they iterate}: for others
     *     it has moved on
     * @throws IllegalArgumentException if the plugin has no such wish, did not say so, or the run does not ask for the residual
     */
    default Iterable<Matrix> batches(Tap tap, HiddenStream stream) {
        if (stream == HiddenStream.OWN) {
            return batches(tap);
        }
        throw new IllegalArgumentException("there are no batches of the dense stream's " + tap);
    }
}
