package io.fastforward.plugin;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;

/** A calibrator whose maps are known to have the right shape, and finite weights in memory that can be read. */
final class CheckedCalibrator implements Calibrator {

    private static final String DOING = "calibrating";

    private final PluginOrigin origin;
    private final Calibrator calibrator;
    private final Statistics statistics;
    private final boolean changesBias;

    CheckedCalibrator(PluginOrigin origin, Calibrator calibrator) {
        this.origin = origin;
        this.calibrator = calibrator;
        statistics = origin.call("telling what it measures", calibrator::statistics);
        changesBias = origin.call("telling what it changes", calibrator::changesBias);
    }

    @Override
    public Statistics statistics() {
        return statistics;
    }

    @Override
    public boolean changesBias() {
        return changesBias;
    }

    @Override
    public Solution calibrate(Problem problem, LinearAlgebra algebra, Arena arena) {
        Solution solution;
        try {
            solution = origin.callThatMayReject(DOING, () -> calibrator.calibrate(problem, algebra, arena));
        } catch (IllegalArgumentException e) {
            if (isFinite(problem)) {
                throw origin.failed(DOING, e);
            }
            throw e;
        }
        Linear map = origin.requireGiven("giving the map of its solution", solution.map());
        requireShape(map.weight(), problem.map().weight().rows(), problem.kept(), "weight");
        Matrix bias = map.bias();
        if ((bias == null) != (problem.map().bias() == null)) {
            throw origin.failure("gave a map with" + (bias == null ? "out" : "") + " a bias for one with"
                    + (bias == null ? "" : "out"));
        }
        if (bias != null) {
            requireShape(bias, 1, problem.map().weight().rows(), "bias");
        }
        // Reading also tells whether the memory is closed, or of a thread that is not this one.
        if (!origin.call("giving its solution", () -> FiniteNumbers.areIn(map))) {
            if (!isFinite(problem)) {
                throw new IllegalArgumentException("the features that were measured are not finite");
            }
            throw origin.failure("gave weights that are NaN or infinite");
        }
        return solution;
    }

    private void requireShape(Matrix matrix, int rows, int columns, String name) {
        if (matrix.rows() != rows || matrix.columns() != columns || matrix.type() != DataType.F32) {
            throw origin.failure("gave a " + name + " of " + matrix.rows() + " × " + matrix.columns() + " numbers in "
                    + matrix.type() + ", expected " + rows + " × " + columns + " in F32");
        }
    }

    private static boolean isFinite(Problem problem) {
        return FiniteNumbers.areIn(problem.map())
                && FiniteNumbers.areIn(problem.gram())
                && FiniteNumbers.areIn(problem.target())
                && FiniteNumbers.areIn(problem.mean())
                && FiniteNumbers.areIn(problem.targetMean());
    }
}
