package io.fastforward.calibrators;

import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.OutputMapCalibrator;
import java.lang.foreign.Arena;
import java.util.Set;

/** No calibration: the kept weights stay as they are. */
public final class NoRepair extends OutputMapCalibrator {

    /** Finds it by its name. */
    public static final class Provider implements Calibrator.Provider {

        @Override
        public String id() {
            return "none";
        }

        @Override
        public String description() {
            return "the kept weights stay as they are (baseline)";
        }

        @Override
        public Calibrator create(Options options) {
            return new NoRepair();
        }
    }

    @Override
    public Set<Wish> wishes() {
        return Set.of();
    }

    @Override
    protected Solution solve(Problem problem, LinearAlgebra algebra, Arena arena) {
        return new Solution(KeptInputs.copy(problem.map(), problem.kept(), arena), Double.NaN, 0, null);
    }
}
