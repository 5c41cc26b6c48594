package io.fastforward.spi;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Repairs the kept weights of an output map after some of its inputs were removed. Stateless; no training. */
public interface Calibrator extends Plugin {

    /** Whether it reads the moments of the problem; if not, the engine collects none and skips the passes. */
    boolean needsMoments();

    /**
     * The problem of one output map, with its inputs in nested order: the kept ones come first.
     *
     * @param map the dense map, {@code outputs × inputs}, f32
     * @param kept how many leading inputs are kept, from 1 to {@code inputs}
     * @param gram Σ x xᵀ over the calibration tokens, {@code inputs × inputs}; x are the features of the module with
     *     all units, on the hidden states that the calibrated map will see. Read only; {@code 0 × 0} if the calibrator
     *     needs no moments.
     * @param target Σ y xᵀ, {@code inputs × inputs}; y are the features whose image under the dense map is to be
     *     reproduced: x itself (then this is {@code gram}) or the dense model's. Read only; {@code 0 × 0} if the
     *     calibrator needs no moments.
     * @param tokens number of calibration tokens
     */
    record Problem(Linear map, int kept, DoubleMatrix gram, DoubleMatrix target, long tokens) {}

    /**
     * The repaired map.
     *
     * @param map {@code outputs × kept}, f32, with a bias if the dense map had one
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
     * @throws IllegalArgumentException if an option has a bad value, or the moments hold NaN or infinity
     */
    Solution calibrate(Problem problem, Options options, LinearAlgebra algebra, Arena arena);
}
