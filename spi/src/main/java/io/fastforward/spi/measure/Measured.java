package io.fastforward.spi.measure;

import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.Map;

/**
 * What was measured on a module. The matrices are read only, and valid during the call that they are given to.
 *
 * @param tokens number of calibration tokens; 0 if nothing was measured
 * @param moments what was wished for
 */
public record Measured(long tokens, Map<Wish, DoubleMatrix> moments) {

    /** Nothing was wished for, so nothing was measured. */
    public static final Measured NOTHING = new Measured(0, Map.of());

    public Measured {
        moments = Map.copyOf(moments);
    }

    /**
     * The answer to a wish, in the shape that its {@link Moment} states.
     *
     * @throws IllegalArgumentException if it was not wished for
     */
    public DoubleMatrix get(Wish wish) {
        DoubleMatrix moment = moments.get(wish);
        if (moment == null) {
            throw new IllegalArgumentException("the " + wish + " were not measured, but only " + moments.keySet()
                    + "; a plugin gets what its wishes() name");
        }
        return moment;
    }
}
