package io.fastforward.calibrators;

import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Set;

/**
 * {@link Bias} before {@link Ridge}, solved together: the weights and the bias that minimise
 * ‖W′ X_K + b′ − (W Y + b)‖² + λ‖W′ − W_K‖². Whatever W′ is, the best bias makes the means agree, so the weights are
 * those of ridge regression on features without their means, and need not be bent to imitate a constant.
 *
 * <p>Scratch memory beside ridge's: {@code inputs²} doubles for covariances, twice that if the dense model is followed.
 */
public final class BiasRidge extends OutputMapCalibrator {

    private final Ridge ridge;

    BiasRidge(double ridge) {
        this.ridge = new Ridge(ridge);
    }

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "bias-ridge";
        }

        @Override
        public String description() {
            return "bias before ridge, solved together: ridge regression with an intercept; for maps with a bias";
        }

        @Override
        public List<OptionSpec> options() {
            return List.of(Ridge.RIDGE);
        }

        @Override
        public Calibrator create(Options options) {
            return new BiasRidge(options.number(Ridge.RIDGE.name()));
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(GRAM, TARGET, RESIDUAL, SUMS, TARGET_SUMS, RESIDUAL_SUMS);
    }

    @Override
    public boolean changesBias() {
        return true;
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        try (Arena scratch = Arena.ofShared()) {
            Solution solution = ridge.solve(MeanContribution.without(problem, scratch), algebra, arena);
            return new Solution(
                    MeanContribution.fold(problem, solution.map()),
                    solution.relativeError(),
                    solution.ridge(),
                    solution.remark());
        }
    }
}
