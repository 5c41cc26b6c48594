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
import java.util.Arrays;
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
    private final List<LayerScores.RepairedMap> repairedMaps = new ArrayList<>();

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
         * @return the SHA-256 of its numbers where it is kept; anything if it is not
         */
        String accept(int module, int units, Matrix output);

        /**
         * Takes what an interrupted pass gave instead.
         *
         * @throws IllegalArgumentException if it is not there as it was
         */
        default void takeBack(LayerScores.RepairedMap map) {
            throw new IllegalArgumentException("no output map of module " + map.module() + " is kept");
        }
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
        return run(ends, windows, repaired, FinishedLayers.none(), progress);
    }

    /**
     * Likewise, going on behind the layers that were finished before.
     *
     * @param finished of the {@link #shape}
     */
    public UnitRanking run(
            ModelEnds ends,
            TokenWindows windows,
            RepairedMaps repaired,
            FinishedLayers<LayerScores> finished,
            IntConsumer progress) {
        if (measures()) {
            walk(ends, windows, repaired, finished, progress);
        } else {
            scoreWeights(finished, progress);
        }
        return UnitRanking.of(spec, scores, errors);
    }

    /**
     * What is kept of this pass has to fit.
     *
     * @param repaired has the output maps of every module that will be tried
     */
    public PassShape<LayerScores> shape(TokenWindows windows, RepairedMaps repaired) {
        return new PassShape<>(
                spec.layers().size(),
                measures() ? Set.of(HiddenStream.DENSE) : Set.of(),
                windows.tokens().length,
                spec.hiddenSize(),
                (layer, outcome, maps) -> {
                    outcome.requireFits(
                            spec, layer, wanted.errors(), wanted.probes().isPresent());
                    MapLayout.requireNone(maps);
                    outcome.repaired().forEach(repaired::takeBack);
                });
    }

    private boolean measures() {
        return !criterion.wishes().isEmpty() || wanted.errors();
    }

    private void takeBack(LayerScores layer) {
        layer.scores().forEach(module -> scores.add(numbers(module)));
        layer.errors().forEach(module -> errors.add(numbers(module)));
    }

    private LayerScores scored(int layer) {
        return new LayerScores(
                boxed(scores.subList(2 * layer, scores.size())),
                boxed(wanted.errors() ? errors.subList(2 * layer, errors.size()) : List.of()),
                repairedMaps.stream().filter(map -> map.module() / 2 == layer).toList());
    }

    private static double[] numbers(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    private static List<List<Double>> boxed(List<double[]> modules) {
        return modules.stream()
                .map(numbers -> Arrays.stream(numbers).boxed().toList())
                .toList();
    }

    private void scoreWeights(FinishedLayers<LayerScores> finished, IntConsumer progress) {
        for (int i = 0; i < spec.layers().size(); i++) {
            if (finished.holds(i)) {
                takeBack(finished.outcome(i));
            } else {
                scoreWeights(i);
                finished.add(i, scored(i), Map.of(), null);
            }
            progress.accept(i + 1);
        }
    }

    private void scoreWeights(int layer) {
        try (Arena arena = Arena.ofShared()) {
            LayerSpec modules = spec.layers().get(layer);
            LayerWeights stored = weights.layer(layer, arena);
            score(new ModuleView(layer, modules.attention(), stored.attention(), Measured.NOTHING));
            score(new ModuleView(layer, modules.mlp(), stored.mlp(), Measured.NOTHING));
        }
    }

    private void walk(
            ModelEnds ends,
            TokenWindows windows,
            RepairedMaps repaired,
            FinishedLayers<LayerScores> finished,
            IntConsumer progress) {
        try (LayerWalk walk = new LayerWalk(backend, ends, windows, Set.of(HiddenStream.DENSE), memory);
                LayerSource layers = LayerSource.streamed(backend, spec, weights)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                if (finished.holds(i)) {
                    takeBack(finished.outcome(i));
                } else {
                    if (finished.holds(i - 1)) {
                        finished.restore(walk);
                    }
                    score(i, layers, walk, repaired);
                    finished.add(i, scored(i), Map.of(), walk);
                }
                progress.accept(i + 1);
            }
        }
    }

    private void score(int index, LayerSource layers, LayerWalk walk, RepairedMaps repaired) {
        try (LoadedLayer layer = layers.load(index);
                Arena arena = Arena.ofShared()) {
            LayerWeights stored = weights.layer(index, arena);
            score(index, layer.attention(), stored.attention(), walk, repaired);
            score(index, layer.mlp(), stored.mlp(), walk, repaired);
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
            int index = errors.size() - 1;
            curve.repaired()
                    .ifPresent(map -> repairedMaps.add(
                            new LayerScores.RepairedMap(index, probed, repaired.accept(index, probed, map))));
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
