package io.fastforward.calibrators;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * The restoration of FASP (Hu, Zhao, Li, Zheng, Wang, Yuan: Fast and Accurate Structured Pruning of Large Language Models,
 * arXiv:2501.09412, 2025): the kept weights are solved for anew, by least squares. With H = Σ x xᵀ, T = Σ y xᵀ, the kept inputs K, and
 * R = Σ r xᵀ of what the output is to make up for besides,
 *
 * <pre>  W′ = (W·T_K + R_K) · (H_KK + λI)⁻¹</pre>
 *
 * which minimises Σ ‖W′ x_K − W y − r‖² + λ‖W′‖²: the penalty pulls to zero, where that of {@link Ridge} pulls to the weights that
 * were there. λ = damping × mean diagonal of H, removed features included.
 *
 * <p>A kept input that is zero on all calibration tokens gets the weight zero, since nothing but the penalty speaks of it; if all
 * of them are, their weights stay. A module of which nothing was removed, and that is to reproduce itself, stays as it is. If
 * H_KK + λI is not positive definite to working precision, λ is raised tenfold until it is. Scratch memory is ridge's.
 */
public final class LeastSquares extends OutputMapCalibrator {

    private static final OptionSpec DAMPING =
            OptionSpec.number("damping", "λ, relative to the mean square of all features", 0.01, Range.atLeast(0));

    private final Regression regression;

    private LeastSquares(double damping) {
        this.regression = new Regression(damping, Prior.ZERO);
    }

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "least-squares";
        }

        @Override
        public String description() {
            return "least squares on the kept inputs, damped towards zero (as in FASP)";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(DAMPING);
        }

        @Override
        public Calibrator create(Options options) {
            return new LeastSquares(options.number(DAMPING.name()));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(GRAM, TARGET, RESIDUAL);
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        return regression.solve(problem, algebra, arena);
    }
}
