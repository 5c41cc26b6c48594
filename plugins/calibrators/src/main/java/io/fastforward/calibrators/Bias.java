package io.fastforward.calibrators;

import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import java.lang.foreign.Arena;
import java.util.Set;

/**
 * Mean-activation compensation (An, Zhao, Yu, Tang, Wang: Fluctuation-based Adaptive Structured Pruning for Large
 * Language Models, AAAI 2024, section 3.3): the kept weights stay as they are, and the bias takes over what the removed
 * inputs contributed on average: b′ = b + W·mean(y) + mean(r) − W_K·mean(x_K). If the features are to be reproduced themselves
 * (y = x), that is b + W_P·mean(x_P).
 */
public final class Bias extends OutputMapCalibrator {

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "bias";
        }

        @Override
        public String description() {
            return "folds the removed inputs' mean contribution into the bias (as in FLAP); for maps with a bias";
        }

        @Override
        public Calibrator create(Options options) {
            return new Bias();
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of(SUMS, TARGET_SUMS, RESIDUAL_SUMS);
    }

    @Override
    public boolean changesBias() {
        return true;
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        var map = KeptInputs.copy(problem.map(), problem.kept(), arena);
        return new Solution(MeanContribution.fold(problem, map), Double.NaN, 0, null);
    }
}
