package io.fastforward.calibrators;

import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.prune.OutputMapCalibrator.Problem;
import io.fastforward.spi.prune.OutputMapCalibrator.Solution;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Alternating recovery of one MLP whose output map is repaired already: in every round the maps that make the features take a
 * step each, then the output map is solved for. No round raises the error on the calibration tokens.
 */
final class Recovery {

    /** How often a step that goes too far is halved: beyond 2⁻¹⁰ of it there is nothing to be had. */
    private static final int HALVINGS = 10;

    /**
     * How it goes on.
     *
     * @param stepping the maps that take steps, in this order
     * @param gradients conjugate gradients a step
     * @param ridge solves for the output map
     */
    record Scheme(List<MapRole> stepping, int gradients, Regression ridge) {}

    private final Scheme scheme;
    private final LinearAlgebra algebra;
    private final TokenBlocks tokens;
    private final MlpMaps maps;
    private final Linear down;
    private double error = Double.NaN;
    private double wantedSquares;
    private double usedRidge;

    /**
     * A recovery that has not begun.
     *
     * @param down the repaired output map, {@code outputs × kept}, F32; its memory is used
     * @param scratch owns everything but the result
     */
    Recovery(ModuleView module, Linear down, Scheme scheme, Workbench workbench, Arena scratch) {
        MlpSpec dense = (MlpSpec) module.spec();
        MlpSpec kept = dense.withUnits(down.weight().columns());
        this.scheme = scheme;
        this.algebra = workbench.algebra();
        this.tokens = new TokenBlocks(module, dense, workbench, scratch);
        this.maps = new MlpMaps(kept, module.weights(), algebra, scratch);
        this.down = down;
        maps.setDown(down.weight());
    }

    /**
     * Goes on for some rounds, or until one brings nothing.
     *
     * @return the maps that changed, and the output map
     */
    Map<MapRole, Linear> run(int rounds, Arena arena) {
        Map<MapRole, Linear> best = new EnumMap<>(MapRole.class);
        scheme.stepping().forEach(role -> best.put(role, maps.linear(role, arena)));
        best.put(MapRole.MLP_OUTPUT, copy(down, arena));
        for (int round = 0; round < rounds; round++) {
            double before = stepAll();
            solveForDown();
            if (!(error < before)) {
                error = before;
                return best;
            }
            best.forEach(this::store);
        }
        return best;
    }

    /** ‖output − wanted output‖² ÷ ‖wanted output‖² of the result; NaN before there was a round. */
    double relativeError() {
        return wantedSquares > 0 ? error / wantedSquares : error;
    }

    /** The λ of the last solution for the output map. */
    double usedRidge() {
        return usedRidge;
    }

    private static Linear copy(Linear map, Arena arena) {
        Matrix bias = map.bias();
        return new Linear(map.weight().copy(DataType.F32, arena), bias == null ? null : bias.copy(DataType.F32, arena));
    }

    /** Overwrites a map of an earlier round. */
    private void store(MapRole role, Linear target) {
        if (role.isOutput()) {
            down.weight().copyTo(target.weight());
        } else {
            maps.store(role, target);
        }
    }

    /** @return the error before the first step */
    private double stepAll() {
        double before = Double.NaN;
        for (MapRole role : scheme.stepping()) {
            try (Arena memory = Arena.ofShared()) {
                MapStep step = MapStep.find(role, scheme.gradients(), maps, tokens, algebra, memory);
                before = Double.isNaN(before) ? step.error() : before;
                take(step, role);
            }
        }
        return before;
    }

    /** Takes a step wholly where the features are linear in it, else as far as the error falls. */
    private void take(MapStep step, MapRole role) {
        DoubleMatrix maker = maps.maker(role);
        Blocks.add(maker, step.step());
        double length = 1;
        for (int halving = 0; !maps.linearIn(role) && !(errorNow() < step.error()); halving++) {
            double shorter = halving < HALVINGS ? length / 2 : 0;
            Blocks.add(maker, step.step(), shorter - length);
            length = shorter;
            if (length == 0) {
                return;
            }
        }
    }

    private double errorNow() {
        double[] sum = new double[1];
        tokens.forEachPair((x, wanted) -> {
            DoubleMatrix output = maps.project(maps.features(x));
            Blocks.subtract(output, wanted);
            sum[0] += Rows.dot(output, output);
        });
        return sum[0];
    }

    /** Ridge regression on the features as they are by now, centred on the output map as it is. */
    private void solveForDown() {
        try (Arena memory = Arena.ofShared()) {
            DownMoments moments = DownMoments.measure(maps, tokens, algebra, memory);
            DoubleMatrix none = DoubleMatrix.allocate(memory, 0, 0);
            Problem problem = new Problem(
                    down,
                    maps.spec().channels(),
                    moments.gram(),
                    moments.gram(),
                    none,
                    none,
                    moments.lacking(),
                    none,
                    0);
            Solution solution = scheme.ridge().solve(problem, algebra, memory);
            Matrix weight = solution.map().weight();
            usedRidge = solution.ridge();
            wantedSquares = moments.wantedSquares();
            error = moments.errorWith(difference(weight, memory), algebra, memory);
            weight.copyTo(down.weight());
            maps.setDown(down.weight());
        }
    }

    private DoubleMatrix difference(Matrix after, Arena memory) {
        DoubleMatrix difference = DoubleMatrix.allocate(memory, after.rows(), after.columns());
        Blocks.widen(after, 0, difference);
        Blocks.subtract(difference, maps.down());
        return difference;
    }
}
