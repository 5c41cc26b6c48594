package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.forward.PassMemory;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.search.Prior;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * Scores the parts of all modules on one walk of calibration windows through the dense model, and measures on the same walk, if
 * that is wanted, what modules lack when they lose the worst of them, and what repairs them.
 */
public final class ScoringPass {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final ModelSpec spec;
    private final WeightSource weights;
    private final Criterion criterion;
    private final Wanted wanted;
    private final PassMemory memory;
    private final List<double[]> scores = new ArrayList<>();
    private final List<double[]> errors = new ArrayList<>();

    /**
     * What is wanted of the units.
     *
     * @param criterion scores them
     * @param likely how many of them each module is likely to keep
     * @param errors whether {@linkplain ErrorCurve errors} are wanted besides, of every module with every number of units
     * @param probes windows on which it will be tried, too, what the model's predictions lose if one module is pruned to half of its
     *     units and repaired, for which this pass repairs; takes errors. Empty: it will not
     */
    public record Wanted(Criterion criterion, Policy likely, boolean errors, Optional<TokenWindows> probes) {

        /** Scores alone. */
        public static Wanted scores(Criterion criterion, Policy likely) {
            return new Wanted(criterion, likely, false, Optional.empty());
        }
    }

    /** Is given output maps as soon as there are any. */
    @FunctionalInterface
    public interface RepairedMaps {

        /**
         * A module's output map for a number of units.
         *
         * @param module its index
         * @param units above 0
         * @param output F32, {@code hidden × features} of these units in nested order, until this returns
         */
        void accept(int module, int units, Matrix output);
    }

    /**
     * A pass over a model.
     *
     * @param spec the architecture with the units that are to be scored
     * @param weights in the order of these units
     * @param wanted what is measured of them
     */
    public ScoringPass(
            ComputeBackend backend, LinearAlgebra algebra, ModelSpec spec, WeightSource weights, Wanted wanted) {
        this(backend, algebra, spec, weights, wanted, PassMemory.ANONYMOUS);
    }

    /**
     * The same.
     *
     * @param memory for hidden states and sums, if the backend computes in memory of the host
     */
    public ScoringPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            ModelSpec spec,
            WeightSource weights,
            Wanted wanted,
            PassMemory memory) {
        this.backend = backend;
        this.algebra = algebra;
        this.spec = spec;
        this.weights = weights;
        this.criterion = wanted.criterion();
        this.wanted = wanted;
        this.memory = memory;
    }

    /**
     * Runs the pass.
     *
     * @param ends what is before the layers
     * @param windows calibration windows; not looked at if the criterion wishes for nothing
     * @param repaired is given the output map of every module that will be tried
     * @param progress is told the number of layers that are done
     * @return the order that the scores make
     * @throws Failure if the weights or what is measured are not finite
     */
    public UnitRanking run(ModelEnds ends, TokenWindows windows, RepairedMaps repaired, IntConsumer progress) {
        if (criterion.wishes().isEmpty() && !wanted.errors()) {
            scoreWeights(progress);
        } else {
            walk(ends, windows, repaired, progress);
        }
        return UnitRanking.of(spec, scores, errors);
    }

    private void scoreWeights(IntConsumer progress) {
        for (int i = 0; i < spec.layers().size(); i++) {
            try (Arena arena = Arena.ofShared()) {
                LayerSpec layer = spec.layers().get(i);
                LayerWeights stored = weights.layer(i, arena);
                score(new ModuleView(i, layer.attention(), stored.attention(), Measured.NOTHING));
                score(new ModuleView(i, layer.mlp(), stored.mlp(), Measured.NOTHING));
            }
            progress.accept(i + 1);
        }
    }

    private void walk(ModelEnds ends, TokenWindows windows, RepairedMaps repaired, IntConsumer progress) {
        try (LayerWalk walk = new LayerWalk(backend, ends, windows, Set.of(HiddenStream.DENSE), memory);
                LayerSource layers = LayerSource.streamed(backend, spec, weights)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (LoadedLayer layer = layers.load(i);
                        Arena arena = Arena.ofShared()) {
                    LayerWeights stored = weights.layer(i, arena);
                    score(i, layer.attention(), stored.attention(), walk, repaired);
                    score(i, layer.mlp(), stored.mlp(), walk, repaired);
                }
                progress.accept(i + 1);
            }
        }
    }

    private void score(int layer, LoadedModule module, ModuleWeights stored, LayerWalk walk, RepairedMaps repaired) {
        try (Arena arena = Arena.ofShared()) {
            if (module.spec().isIdentity()) {
                score(view(layer, module, stored, Measured.NOTHING));
                if (wanted.errors()) {
                    errors.add(new double[1]);
                }
                return;
            }
            if (!wanted.errors()) {
                score(view(layer, module, stored, walk.measure(module, criterion.wishes(), arena)));
                return;
            }
            LayerWalk.Relative relative = walk.measureRelative(module, criterion.wishes(), arena);
            score(view(layer, module, stored, relative.measured()));
            List<Integer> order = NestedOrder.ranked(module.spec(), scores.getLast());
            int probed = wanted.probes().isPresent()
                    ? Prior.probedUnits(module.spec().units())
                    : 0;
            ErrorCurve curve = ErrorCurve.of(
                    module.spec(),
                    stored.output().weight(),
                    relative.relativeGram(),
                    relative.measured().tokens(),
                    order,
                    probed,
                    algebra,
                    arena);
            errors.add(curve.errors());
            curve.repaired().ifPresent(map -> repaired.accept(errors.size() - 1, probed, map));
        }
    }

    private ModuleView view(int layer, LoadedModule module, ModuleWeights stored, Measured measured) {
        return new ModuleView(
                layer,
                module.spec(),
                stored,
                measured,
                () -> backend.outputMagnitudes(module)
                        .orElseGet(() -> ColumnMagnitudes.of(stored.output().weight())));
    }

    private void score(ModuleView module) {
        if (module.spec().isIdentity()) {
            scores.add(new double[0]);
            return;
        }
        int kept = Math.max(1, wanted.likely().retained().get(scores.size()));
        try (Arena arena = Arena.ofShared()) {
            scores.add(criterion.score(module, kept, new ModuleBench(algebra, arena, Map.of())));
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the criterion cannot score: " + e.getMessage(), e);
        }
    }
}
