package io.fastforward.spi.prune;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A calibrator that touches the output map of a module alone: it solves one problem in linear algebra. */
public abstract class OutputMapCalibrator implements Calibrator {

    /** Σ x xᵀ of the features x on the module's own stream. */
    protected static final Wish GRAM = Wish.features(Moment.GRAM);
    /** Σ y xᵀ of the dense model's features y. */
    protected static final Wish TARGET = Wish.denseFeatures(Moment.CROSS_GRAM);
    /** Σ x. */
    protected static final Wish SUMS = Wish.features(Moment.SUMS);
    /** Σ y. */
    protected static final Wish TARGET_SUMS = Wish.denseFeatures(Moment.SUMS);
    /** Σ r xᵀ of the error r that the residual stream has inherited. */
    protected static final Wish RESIDUAL = Wish.residual(Moment.CROSS_GRAM);
    /** Σ r. */
    protected static final Wish RESIDUAL_SUMS = Wish.residual(Moment.SUMS);

    /**
     * The problem of one output map, with its inputs in nested order: the kept ones come first. What the calibrator did
     * not wish for is {@code 0 × 0}.
     *
     * @param map the dense map, {@code outputs × inputs}, f32; read only
     * @param kept how many leading inputs are kept, from 1 to {@code inputs}
     * @param gram Σ x xᵀ over the calibration tokens, {@code inputs × inputs}; x are the features of the module with
     *     all units, on the hidden states that the calibrated map will see. Read only
     * @param target Σ y xᵀ, {@code inputs × inputs}; y are the features whose image under the dense map is to be
     *     reproduced: x itself (then this is {@code gram}) or the dense model's. Read only
     * @param mean the mean of x, {@code 1 × inputs}
     * @param targetMean the mean of y, {@code 1 × inputs}
     * @param residual Σ r xᵀ, {@code outputs × inputs}; r is what the output is to make up for beside the image of y.
     *     {@code 0 × 0} if there is nothing, because the run does not ask for it
     * @param residualMean the mean of r, {@code 1 × outputs}
     * @param tokens number of calibration tokens
     */
    public record Problem(
            Linear map,
            int kept,
            DoubleMatrix gram,
            DoubleMatrix target,
            DoubleMatrix mean,
            DoubleMatrix targetMean,
            DoubleMatrix residual,
            DoubleMatrix residualMean,
            long tokens) {}

    /**
     * The repaired map.
     *
     * @param map {@code outputs × kept}, f32, finite, with a bias if and only if the dense map had one
     * @param relativeError ‖W′ X_K − W Y − R‖² ÷ ‖W Y + R‖² over the calibration tokens; NaN if it was not computed
     * @param ridge the λ that was used, in the units of the Gram matrix's diagonal; 0 if there was none
     * @param remark one line for the user if something was out of the ordinary, else null
     */
    public record Solution(
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
    protected abstract Solution solve(Problem problem, LinearAlgebra algebra, Arena arena);

    @Override
    public final Repair repair(ModuleView module, int kept, Workbench workbench) {
        MapRole role = module.weights().maps().lastEntry().getKey();
        Solution solution;
        try (Arena scratch = Arena.ofShared()) {
            solution = solve(
                    problem(module, module.spec().features(kept), scratch), workbench.algebra(), workbench.arena());
        }
        return new Repair(Map.of(role, solution.map()), solution.relativeError(), solution.ridge(), solution.remark());
    }

    private static Problem problem(ModuleView module, int kept, Arena scratch) {
        Measured measured = module.measured();
        return new Problem(
                singlePrecision(module.weights().output(), scratch),
                kept,
                wished(measured, GRAM, scratch),
                wished(measured, TARGET, scratch),
                mean(measured, SUMS, scratch),
                mean(measured, TARGET_SUMS, scratch),
                wished(measured, RESIDUAL, scratch),
                mean(measured, RESIDUAL_SUMS, scratch),
                measured.tokens());
    }

    private static DoubleMatrix wished(Measured measured, Wish wish, Arena scratch) {
        DoubleMatrix moment = measured.moments().get(wish);
        return moment == null ? DoubleMatrix.allocate(scratch, 0, 0) : moment;
    }

    private static DoubleMatrix mean(Measured measured, Wish wish, Arena scratch) {
        DoubleMatrix sums = wished(measured, wish, scratch);
        DoubleMatrix mean = DoubleMatrix.allocate(scratch, sums.rows(), sums.columns());
        for (int j = 0; j < mean.columns(); j++) {
            mean.set(0, j, sums.get(0, j) / measured.tokens());
        }
        return mean;
    }

    private static Linear singlePrecision(Linear map, Arena scratch) {
        Matrix bias = map.bias();
        return new Linear(singlePrecision(map.weight(), scratch), bias == null ? null : singlePrecision(bias, scratch));
    }

    private static Matrix singlePrecision(Matrix matrix, Arena scratch) {
        return matrix.type() == DataType.F32 ? matrix : matrix.copy(DataType.F32, scratch);
    }
}
