package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerWalk;
import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Sets weights of every map to zero, on one walk of calibration windows: each map sees what the already sparsified ones
 * before it produce, those that make the features first, then the output map. Memory: one layer, the hidden states of the
 * windows, and the moments of one module.
 */
public final class SparsifyingPass {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final Model model;
    private final Sparsifier sparsifier;
    private final Pattern pattern;

    /** A pass over a model. */
    public SparsifyingPass(
            ComputeBackend backend, LinearAlgebra algebra, Model model, Sparsifier sparsifier, Pattern pattern) {
        this.backend = backend;
        this.algebra = algebra;
        this.model = model;
        this.sparsifier = sparsifier;
        this.pattern = pattern;
    }

    /**
     * Runs the pass.
     *
     * @param windows calibration windows; not looked at if the sparsifier wishes for nothing
     * @param progress is told the number of layers that are done
     * @throws Failure if the pattern does not fit a map, or the weights or what is measured are not finite
     */
    public void run(TokenWindows windows, PrunedLayerSink sink, IntConsumer progress) {
        ModelSpec spec = model.spec();
        spec.modules().forEach(this::requireFits);
        try (LayerWalk walk = sparsifier.wishes().isEmpty()
                ? null
                : new LayerWalk(backend, model.ends(), windows, Set.of(HiddenStream.OWN))) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (Arena arena = Arena.ofShared()) {
                    LayerSpec layer = spec.layers().get(i);
                    LayerWeights weights = model.layer(i);
                    sink.accept(
                            i,
                            new LayerWeights(
                                    sparsify(i, layer.attention(), weights.attention(), walk, arena),
                                    sparsify(i, layer.mlp(), weights.mlp(), walk, arena)));
                }
                progress.accept(i + 1);
            }
        }
    }

    private void requireFits(ModuleSpec module) {
        module.maps().forEach(map -> {
            try {
                pattern.requireFits(map.columns());
            } catch (IllegalArgumentException e) {
                throw FailureKind.UNSUPPORTED_MODEL.failure(
                        "the pattern " + pattern + " does not fit the map " + map.role() + ": " + e.getMessage(), e);
            }
        });
    }

    private ModuleWeights sparsify(
            int layer, ModuleSpec spec, ModuleWeights weights, @Nullable LayerWalk walk, Arena arena) {
        if (walk == null || spec.isIdentity()) {
            Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
            weights.maps()
                    .forEach((role, map) -> sparse.put(
                            role, sparsify(new MapView(layer, role, map, Measured.NOTHING), Map.of(), arena)));
            return weights.with(sparse);
        }
        try (LoadedModule loaded = backend.load(spec, weights)) {
            Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
            // The maps that make the features are sparse before those are measured.
            for (Tap tap : List.of(Tap.INPUT, Tap.FEATURES)) {
                try (Arena scratch = Arena.ofShared()) {
                    Measured measured = walk.measure(loaded, wishes(tap), scratch);
                    Map<Tap, Iterable<Matrix>> batches = Map.of(tap, walk.batches(loaded, tap, scratch));
                    weights.maps().forEach((role, map) -> {
                        if (MapView.tap(role) == tap) {
                            Linear zeroed = sparsify(new MapView(layer, role, map, measured), batches, arena);
                            backend.replace(loaded, role, zeroed);
                            sparse.put(role, zeroed);
                        }
                    });
                }
            }
            walk.moveOn(loaded, spec.units());
            return weights.with(sparse);
        }
    }

    private Set<Wish> wishes(Tap tap) {
        return sparsifier.wishes().stream()
                .map(moment -> new Wish(tap, moment, HiddenStream.OWN))
                .collect(Collectors.toSet());
    }

    /** In the map's own data type, which is what later maps see. */
    private Linear sparsify(MapView map, Map<Tap, Iterable<Matrix>> batches, Arena arena) {
        try {
            Linear sparse = sparsifier.sparsify(map, pattern, new ModuleBench(algebra, arena, batches));
            return WeightCopy.like(map.map(), sparse, arena);
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the sparsifier fails: " + e.getMessage(), e);
        }
    }
}
