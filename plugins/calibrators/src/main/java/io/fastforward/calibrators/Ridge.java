package io.fastforward.calibrators;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Closed-form ridge regression, centred on the old weights (FastForward). With H = Σ x xᵀ, T = Σ y xᵀ, the kept
 * inputs K and the removed ones P, and R = Σ r xᵀ of what the output is to make up for besides, the repaired weights are
 *
 * <pre>  W′ = W_K + (W·T_K + R_K − W_K·H_KK) · (H_KK + λI)⁻¹</pre>
 *
 * which minimise Σ ‖W′ x_K − W y − r‖² + λ‖W′ − W_K‖². If the features are to be reproduced themselves (T = H, R = 0), the
 * bracket is W_P·H_PK. The correction is solved for, and not W′ itself: rounding errors are then relative to the correction,
 * which is small against the weights.
 *
 * <p>λ = ridge × mean diagonal of H_KK, so that it depends on neither the number of tokens nor the scale of the
 * features. If H_KK + λI is not positive definite to working precision, λ is raised tenfold until it is.
 *
 * <p>The relative error is computed if T = H; for other targets Σ (W y + r)² would be needed, and it is NaN.
 *
 * <p>Scratch memory, off-heap: {@code kept² + 512 · (inputs + 2 · kept)} doubles; 1.1 GB for 11008 inputs of which
 * all but one are kept.
 */
public final class Ridge extends OutputMapCalibrator {

    static final OptionSpec RIDGE =
            OptionSpec.number("ridge", "λ, relative to the mean square of the kept features", 1e-4, Range.atLeast(0));

    /** Where raising starts if the user asked for no ridge at all. */
    private static final double SMALLEST_RIDGE = 1e-10;

    private final double ridge;

    Ridge(double ridge) {
        this.ridge = ridge;
    }

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "ridge";
        }

        @Override
        public String description() {
            return "closed-form ridge regression, centred on the old weights (FastForward)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(RIDGE);
        }

        @Override
        public Calibrator create(Options options) {
            return new Ridge(options.number(RIDGE.name()));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(GRAM, TARGET, RESIDUAL);
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        Linear map = KeptInputs.copy(problem.map(), problem.kept(), arena);
        SplitMoments moments = SplitMoments.of(problem);
        if (moments.removed() == 0 && moments.reproducesItself()) {
            return new Solution(map, 0, 0, null);
        }
        Matrix dense = problem.map().weight();
        double meanDiagonal = moments.meanKeptDiagonal();
        if (meanDiagonal == 0) {
            return new Solution(
                    map,
                    relativeError(dense, map, moments, algebra),
                    0,
                    "the kept inputs are zero on all calibration tokens: their weights stay as they are");
        }
        double usedRidge;
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix factor = DoubleMatrix.allocate(scratch, moments.kept(), moments.kept());
            usedRidge = factor(moments, meanDiagonal, algebra, factor);
            new Correction(dense, moments, algebra, scratch).addTo(map.weight(), factor);
        }
        return new Solution(
                map,
                relativeError(dense, map, moments, algebra),
                usedRidge * meanDiagonal,
                usedRidge == ridge ? null : raised(ridge, usedRidge));
    }

    /** Factors H_KK + λI and returns the ridge that made it positive definite. */
    private double factor(SplitMoments moments, double meanDiagonal, LinearAlgebra algebra, DoubleMatrix factor) {
        double raised = ridge;
        moments.copyKeptTriangle(raised * meanDiagonal, factor);
        while (!algebra.cholesky(factor)) {
            raised = Math.max(10 * raised, SMALLEST_RIDGE);
            // No eigenvalue of a Gram matrix is below minus its trace, whatever rounding did to it.
            if (raised > 10.0 * moments.kept()) {
                throw new IllegalArgumentException(
                        "the Gram matrix is not positive semidefinite: no ridge from " + ridge + " up helps");
            }
            moments.copyKeptTriangle(raised * meanDiagonal, factor);
        }
        return raised;
    }

    private static double relativeError(Matrix dense, Linear repaired, SplitMoments moments, LinearAlgebra algebra) {
        return moments.reproducesItself()
                ? RelativeError.of(dense, repaired.weight(), moments.gram(), algebra)
                : Double.NaN;
    }

    private static String raised(double from, double to) {
        return String.format(
                Locale.ROOT,
                "the kept inputs are linearly dependent to working precision: ridge raised from %.1e to %.1e",
                from,
                to);
    }
}
