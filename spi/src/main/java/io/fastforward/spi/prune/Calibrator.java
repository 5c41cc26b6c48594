package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Repairs the kept weights of an output map after some of its inputs were removed. Stateless; no training. */
public interface Calibrator {

    /** Makes calibrators of one kind. */
    interface Provider extends Plugin {

        /**
         * A calibrator.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        Calibrator create(Options options);
    }

    /** What a calibrator may ask to know about the features of a map, over the calibration tokens. */
    enum Statistics {
        /** Nothing: the engine skips the passes. */
        NONE,
        /** Mean features. */
        MEANS,
        /** Gram matrices. */
        GRAM,
        /** Mean features, and Gram matrices of what is left after subtracting them: covariances times tokens. */
        CENTRED_GRAM
    }

    /** The statistics that {@link #calibrate} reads; the engine collects these and no others. */
    Statistics statistics();

    /** Whether it changes the bias of the output map, so that it serves modules alone that have one. */
    default boolean changesBias() {
        return false;
    }

    /**
     * The problem of one output map, with its inputs in nested order: the kept ones come first.
     *
     * @param map the dense map, {@code outputs × inputs}, f32
     * @param kept how many leading inputs are kept, from 1 to {@code inputs}
     * @param gram Σ x xᵀ over the calibration tokens, {@code inputs × inputs}; x are the features of the module with
     *     all units, on the hidden states that the calibrated map will see. Read only; {@code 0 × 0} if the calibrator
     *     did not ask for it. For {@link Statistics#CENTRED_GRAM} Σ (x − mean) (x − mean)ᵀ.
     * @param target Σ y xᵀ, {@code inputs × inputs}; y are the features whose image under the dense map is to be
     *     reproduced: x itself (then this is {@code gram}) or the dense model's. Read only; {@code 0 × 0} if the
     *     calibrator did not ask for it. For {@link Statistics#CENTRED_GRAM} Σ (y − mean) (x − mean)ᵀ.
     * @param mean the mean of x, {@code 1 × inputs}; {@code 0 × 0} if the calibrator did not ask for it
     * @param targetMean the mean of y, {@code 1 × inputs}; {@code 0 × 0} if the calibrator did not ask for it
     * @param tokens number of calibration tokens
     */
    record Problem(
            Linear map,
            int kept,
            DoubleMatrix gram,
            DoubleMatrix target,
            DoubleMatrix mean,
            DoubleMatrix targetMean,
            long tokens) {}

    /**
     * The repaired map.
     *
     * @param map {@code outputs × kept}, f32, finite, with a bias if and only if the dense map had one
     * @param relativeError ‖W′ X_K − W Y‖² ÷ ‖W Y‖² over the calibration tokens; NaN if it was not computed
     * @param ridge the λ that was used, in the units of the Gram matrix's diagonal; 0 if there was none
     * @param remark one line for the user if something was out of the ordinary, else null
     */
    record Solution(
            Linear map,
            double relativeError,
            double ridge,
            @Nullable String remark) {}

    /**
     * Solves one problem.
     *
     * @param arena owns the memory of the solution; scratch memory is the calibrator's own affair
     * @throws IllegalArgumentException if the moments hold NaN or infinity
     */
    Solution calibrate(Problem problem, LinearAlgebra algebra, Arena arena);
}
