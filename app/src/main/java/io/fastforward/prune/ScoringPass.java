package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.PartMove;
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
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Scores the parts of all modules on one walk of calibration windows through the dense model, and measures on the same walk, if
 * that is wanted, what modules lack when they lose the worst of them.
 */
public final class ScoringPass {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final ModelSpec spec;
    private final WeightSource weights;
    private final Criterion criterion;
    private final Wanted wanted;
    private final List<double[]> scores = new ArrayList<>();
    private final List<double[]> errors = new ArrayList<>();
    private List<Double> divergences = List.of();

    /**
     * What is wanted of the units.
     *
     * @param criterion scores them
     * @param likely how many of them each module is likely to keep
     * @param errors whether {@linkplain ErrorCurve errors} are wanted besides, of every module with every number of units
     * @param probes windows on which it is tried, too, what the model's predictions lose if one module is pruned to half of its units
     *     and repaired; takes errors. Empty: it is not
     */
    public record Wanted(Criterion criterion, Policy likely, boolean errors, Optional<TokenWindows> probes) {

        /** Scores alone. */
        public static Wanted scores(Criterion criterion, Policy likely) {
            return new Wanted(criterion, likely, false, Optional.empty());
        }

        /**
         * What it takes to try single modules: each probe leaves the dense model at its module and passes those behind it.
         *
         * @return tokens times the share of the modules that they pass; 0 if none is tried
         */
        public double probingCost() {
            int modules = likely.retained().size();
            return probes.map(windows -> windows.tokens().length * (1 + (modules + 1) / 2.0))
                    .orElse(0.0);
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
        this.backend = backend;
        this.algebra = algebra;
        this.spec = spec;
        this.weights = weights;
        this.criterion = wanted.criterion();
        this.wanted = wanted;
    }

    /**
     * Runs the pass.
     *
     * @param ends what is before the layers
     * @param windows calibration windows; not looked at if the criterion wishes for nothing
     * @param progress is told the number of layers that are done
     * @return the order that the scores make
     * @throws Failure if the weights or what is measured are not finite
     */
    public UnitRanking run(ModelEnds ends, TokenWindows windows, IntConsumer progress) {
        if (criterion.wishes().isEmpty() && !wanted.errors()) {
            scoreWeights(progress);
        } else {
            walk(ends, windows, progress);
        }
        return UnitRanking.of(spec, scores, errors, divergences);
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

    private void walk(ModelEnds ends, TokenWindows windows, IntConsumer progress) {
        try (LayerWalk walk = new LayerWalk(backend, ends, windows, Set.of(HiddenStream.DENSE));
                LayerSource layers = LayerSource.streamed(backend, spec, weights);
                Probes probes = wanted.probes()
                        .map(probed -> new Probes(backend, spec, ends, probed))
                        .orElse(null)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (LoadedLayer layer = layers.load(i);
                        Arena arena = Arena.ofShared()) {
                    LayerWeights stored = weights.layer(i, arena);
                    score(i, layer.attention(), stored.attention(), walk, probes);
                    score(i, layer.mlp(), stored.mlp(), walk, probes);
                }
                progress.accept(i + 1);
            }
            if (probes != null) {
                divergences = probes.divergences();
            }
        }
    }

    private void score(int layer, LoadedModule module, ModuleWeights stored, LayerWalk walk, @Nullable Probes probes) {
        try (Arena arena = Arena.ofShared()) {
            if (module.spec().isIdentity()) {
                score(view(layer, module, stored, Measured.NOTHING));
                noErrors(probes);
                return;
            }
            if (!wanted.errors()) {
                score(view(layer, module, stored, walk.measure(module, criterion.wishes(), arena)));
                return;
            }
            LayerWalk.Relative relative = walk.measureRelative(module, criterion.wishes(), arena);
            score(view(layer, module, stored, relative.measured()));
            List<Integer> order = NestedOrder.ranked(module.spec(), scores.getLast());
            ErrorCurve curve = ErrorCurve.of(
                    module.spec(),
                    stored.output().weight(),
                    relative.relativeGram(),
                    relative.measured().tokens(),
                    order,
                    algebra,
                    arena);
            errors.add(curve.errors());
            if (probes != null) {
                probe(probes, module, PartMove.reorder(module.spec(), stored, order, arena), curve, arena);
            }
        }
    }

    private void noErrors(@Nullable Probes probes) {
        if (wanted.errors()) {
            errors.add(new double[1]);
        }
        if (probes != null) {
            probes.skip();
        }
    }

    /** Half of the units, repaired. */
    private void probe(Probes probes, LoadedModule module, ModuleWeights nested, ErrorCurve curve, Arena arena) {
        ModuleSpec moduleSpec = module.spec();
        int units = Prior.probedUnits(moduleSpec.units());
        Linear output = new Linear(curve.repaired(units, arena), nested.output().bias());
        ModuleWeights repaired = nested.with(Map.of(moduleSpec.maps().getLast().role(), output));
        try (LoadedModule pruned = backend.load(moduleSpec, repaired)) {
            probes.pass(module, probes.branch(pruned, units));
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
