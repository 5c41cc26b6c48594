package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
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
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;

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
    private final Policy likely;
    private final boolean withErrors;
    private final List<double[]> scores = new ArrayList<>();
    private final List<double[]> errors = new ArrayList<>();

    /**
     * A pass over a model.
     *
     * @param spec the architecture with the units that are to be scored
     * @param weights in the order of these units
     * @param likely how many units each module is likely to keep
     * @param withErrors whether {@linkplain ErrorCurve errors} are wanted
     */
    public ScoringPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            ModelSpec spec,
            WeightSource weights,
            Criterion criterion,
            Policy likely,
            boolean withErrors) {
        this.backend = backend;
        this.algebra = algebra;
        this.spec = spec;
        this.weights = weights;
        this.criterion = criterion;
        this.likely = likely;
        this.withErrors = withErrors;
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
        if (criterion.wishes().isEmpty() && !withErrors) {
            scoreWeights(progress);
        } else {
            walk(ends, windows, progress);
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

    private void walk(ModelEnds ends, TokenWindows windows, IntConsumer progress) {
        try (LayerWalk walk = new LayerWalk(backend, ends, windows, Set.of(HiddenStream.DENSE));
                LayerSource layers = LayerSource.streamed(backend, spec, weights)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (LoadedLayer layer = layers.load(i);
                        Arena arena = Arena.ofShared()) {
                    LayerWeights stored = weights.layer(i, arena);
                    score(i, layer.attention(), stored.attention(), walk);
                    score(i, layer.mlp(), stored.mlp(), walk);
                }
                progress.accept(i + 1);
            }
        }
    }

    private void score(int layer, LoadedModule module, ModuleWeights stored, LayerWalk walk) {
        try (Arena arena = Arena.ofShared()) {
            if (module.spec().isIdentity() || !withErrors) {
                Measured measured =
                        module.spec().isIdentity() ? Measured.NOTHING : walk.measure(module, criterion.wishes(), arena);
                score(view(layer, module, stored, measured));
                if (withErrors) {
                    errors.add(new double[1]);
                }
                return;
            }
            LayerWalk.Relative relative = walk.measureRelative(module, criterion.wishes(), arena);
            score(view(layer, module, stored, relative.measured()));
            errors.add(ErrorCurve.of(
                    module.spec(),
                    stored.output().weight(),
                    relative.relativeGram(),
                    relative.measured().tokens(),
                    NestedOrder.ranked(module.spec(), scores.getLast()),
                    algebra));
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
        int kept = Math.max(1, likely.retained().get(scores.size()));
        try (Arena arena = Arena.ofShared()) {
            scores.add(criterion.score(module, kept, new ModuleBench(algebra, arena, Map.of())));
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the criterion cannot score: " + e.getMessage(), e);
        }
    }
}
