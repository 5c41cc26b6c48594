package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.prune.OutputMapCalibrator.Solution;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.Locale;

/**
 * Least squares with a penalty, in closed form: the weights that minimise Σ ‖W′ x_K − W y − r‖² + λ‖W′ − prior‖². Whatever
 * the prior is, a correction of the kept weights is solved for, and not W′ itself: rounding errors are then relative to the
 * correction, which is small against the weights.
 *
 * @param penalty λ, relative to a mean diagonal of the Gram matrix; raised tenfold until H_KK + λI is positive definite
 * @param prior what the weights are pulled towards
 */
record Regression(double penalty, Prior prior) {

    /** Where raising starts if the user asked for no penalty at all. */
    private static final double SMALLEST_PENALTY = 1e-10;

    /**
     * Solves one problem.
     *
     * @param arena owns the memory of the solution
     * @throws IllegalArgumentException if the moments do not fit, or hold NaN or infinity
     */
    Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        Linear map = KeptInputs.copy(problem.map(), problem.kept(), arena);
        SplitMoments moments = SplitMoments.of(problem);
        if (moments.removed() == 0 && moments.reproducesItself()) {
            return new Solution(map, 0, 0, null);
        }
        Matrix dense = problem.map().weight();
        if (moments.meanDiagonal(moments.kept()) == 0) {
            return new Solution(
                    map,
                    relativeError(dense, map, moments, algebra),
                    0,
                    "the kept inputs are zero on all calibration tokens: their weights stay as they are");
        }
        double scale = moments.meanDiagonal(
                switch (prior) {
                    case KEPT_WEIGHTS -> moments.kept();
                    case ZERO -> moments.inputs();
                });
        double used;
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            DoubleMatrix factor = DoubleMatrix.allocate(scratch, moments.kept(), moments.kept());
            used = factor(moments, scale, algebra, factor);
            double pull = prior == Prior.ZERO ? used * scale : 0;
            new Correction(dense, moments, pull, algebra, scratch).addTo(map.weight(), factor);
        }
        return new Solution(
                map,
                relativeError(dense, map, moments, algebra),
                used * scale,
                used == penalty ? null : raised(penalty, used));
    }

    /** Factors H_KK + λI and returns the penalty that made it positive definite. */
    private double factor(SplitMoments moments, double scale, LinearAlgebra algebra, DoubleMatrix factor) {
        double raised = penalty;
        moments.copyKeptTriangle(raised * scale, factor);
        while (!algebra.cholesky(factor)) {
            raised = Math.max(10 * raised, SMALLEST_PENALTY);
            // No eigenvalue of a Gram matrix is below minus its trace, whatever rounding did to it.
            if (raised > 10.0 * moments.inputs()) {
                throw new IllegalArgumentException(
                        "the Gram matrix is not positive semidefinite: no ridge from " + penalty + " up helps");
            }
            moments.copyKeptTriangle(raised * scale, factor);
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
