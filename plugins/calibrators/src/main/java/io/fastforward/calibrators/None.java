package io.fastforward.calibrators;

import io.fastforward.spi.Options;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.prune.Calibrator;
import java.lang.foreign.Arena;

/** No calibration: the kept weights stay as they are. */
public final class None implements Calibrator {

    @Override
    public String id() {
        return "none";
    }

    @Override
    public String description() {
        return "the kept weights stay as they are (baseline)";
    }

    @Override
    public Statistics statistics() {
        return Statistics.NONE;
    }

    @Override
    public Solution calibrate(Problem problem, Options options, LinearAlgebra algebra, Arena arena) {
        return new Solution(KeptInputs.copy(problem.map(), problem.kept(), arena), Double.NaN, 0, null);
    }
}
