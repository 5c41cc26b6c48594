package io.fastforward.prune;

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
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Sets weights of one layer to zero: each map sees what the already sparsified ones before it produce, those that make the
 * features first, then the output map. Each is rounded to its own data type before later ones see it. Several threads may do
 * a layer each, on walks of their own.
 */
final class LayerSparsifier {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final Model model;
    private final Sparsification sparsification;
    private final BackendTurns turns;

    /** @param turns at the backend; none is taken while the sparsifier works */
    LayerSparsifier(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            Sparsification sparsification,
            BackendTurns turns) {
        this.backend = backend;
        this.algebra = algebra;
        this.model = model;
        this.sparsification = sparsification;
        this.turns = turns;
    }

    /**
     * The layer with zeros.
     *
     * @param walk whose streams have come to the layer, and are one; none if nothing is measured
     * @param leaving those that move on behind it; of the others nobody knows where they are then
     * @param arena owns the weights
     */
    LayerWeights sparsify(int layer, @Nullable LayerWalk walk, Set<HiddenStream> leaving, Arena arena) {
        LayerSpec spec = model.spec().layers().get(layer);
        LayerWeights weights = model.layer(layer);
        Set<HiddenStream> all = walk == null ? Set.of() : walk.carried();
        return new LayerWeights(
                new OneModule(2 * layer, spec.attention(), weights.attention()).sparsify(walk, all, arena),
                new OneModule(2 * layer + 1, spec.mlp(), weights.mlp()).sparsify(walk, leaving, arena));
    }

    /** One of the layer's two. */
    private final class OneModule {

        private final int index;
        private final ModuleSpec spec;
        private final ModuleWeights weights;

        OneModule(int index, ModuleSpec spec, ModuleWeights weights) {
            this.index = index;
            this.spec = spec;
            this.weights = weights;
        }

        ModuleWeights sparsify(@Nullable LayerWalk walk, Set<HiddenStream> leaving, Arena arena) {
            Optional<Pattern> pattern = sparsification.patterns().of(index);
            if (pattern.isEmpty()) {
                moveDenseOn(walk, leaving);
                return weights;
            }
            Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
            if (walk == null || spec.isIdentity()) {
                weights.maps()
                        .forEach((role, map) -> sparse.put(
                                role, zeroed(view(role, map, Measured.NOTHING), pattern.get(), Map.of(), arena)));
                return weights.with(sparse);
            }
            try (Loaded loaded = turns.take(() -> new Loaded(walk))) {
                // The maps that make the features are sparse before those are measured.
                Sparsification.taps().forEach(tap -> sparsify(walk, tap, loaded, pattern.get(), sparse, arena));
                turns.take(() -> leaving.forEach(stream -> walk.moveOn(stream, loaded.of(stream), spec.units())));
            }
            return weights.with(sparse);
        }

        private void sparsify(
                LayerWalk walk, Tap tap, Loaded loaded, Pattern pattern, Map<MapRole, Linear> sparse, Arena arena) {
            try (Arena scratch = Arena.ofShared()) {
                Measured measured = turns.take(() -> measure(walk, tap, loaded, scratch));
                Map<Tap, Iterable<Matrix>> batches = Map.of(tap, turns.each(walk.batches(loaded.own, tap, scratch)));
                weights.maps().forEach((role, map) -> {
                    if (MapView.tap(role) == tap) {
                        Linear zeroed = zeroed(view(role, map, measured), pattern, batches, arena);
                        turns.take(() -> backend.replace(loaded.own, role, zeroed));
                        sparse.put(role, zeroed);
                    }
                });
            }
        }

        private MapView view(MapRole role, Linear map, Measured measured) {
            return new MapView(index / 2, role, map, measured);
        }

        private Measured measure(LayerWalk walk, Tap tap, Loaded loaded, Arena scratch) {
            return loaded.dense == null
                    ? walk.measure(loaded.own, sparsification.wishes(tap), scratch)
                    : walk.compare(loaded.own, loaded.dense, sparsification.wishes(tap), scratch);
        }

        /** Streams pass a module that stays dense. */
        private void moveDenseOn(@Nullable LayerWalk walk, Set<HiddenStream> leaving) {
            if (walk == null || leaving.isEmpty() || spec.isIdentity()) {
                return;
            }
            turns.take(() -> {
                try (LoadedModule dense = backend.load(spec, weights)) {
                    leaving.forEach(stream -> walk.moveOn(stream, dense, spec.units()));
                }
            });
        }

        /** The module as it becomes sparse, and the dense one if a stream follows that. */
        private final class Loaded implements AutoCloseable {

            private final LoadedModule own;
            private final @Nullable LoadedModule dense;

            Loaded(LayerWalk walk) {
                own = backend.load(spec, weights);
                try {
                    dense = walk.carried().contains(HiddenStream.DENSE) ? backend.load(spec, weights) : null;
                } catch (Throwable e) {
                    own.close();
                    throw e;
                }
            }

            LoadedModule of(HiddenStream stream) {
                return stream == HiddenStream.DENSE && dense != null ? dense : own;
            }

            @Override
            public void close() {
                turns.close(() -> {
                    own.close();
                    if (dense != null) {
                        dense.close();
                    }
                });
            }
        }
    }

    /** In the map's own data type, which is what later maps see. */
    private Linear zeroed(MapView map, Pattern pattern, Map<Tap, Iterable<Matrix>> batches, Arena arena) {
        turns.requireNotOver();
        // Shared, because the linear algebra may use threads of its own.
        try (Arena scratch = Arena.ofShared()) {
            Linear sparse =
                    sparsification.sparsifier().sparsify(map, pattern, new ModuleBench(algebra, scratch, batches));
            Linear rounded = WeightCopy.like(map.map(), sparse, arena);
            int iterations = sparsification.refitIterations();
            return iterations == 0 ? rounded : new SupportRefit(algebra, iterations).refit(map, rounded, arena);
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the sparsifier fails: " + e.getMessage(), e);
        }
    }
}
