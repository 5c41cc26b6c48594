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
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Sets weights of every map to zero, on one walk of calibration windows: each map sees what the already sparsified ones
 * before it produce, those that make the features first, then the output map. Every layer starts from one hidden state, the
 * pruned prefix's or the dense model's; from there on, the dense stream is what the dense layer makes of it. Each map is
 * rounded to its own data type before later ones see it.
 *
 * <p>Memory: one layer, the hidden states of the windows (twice if the dense stream is asked for), and the moments of one
 * module's maps that see the same.
 */
public final class SparsifyingPass {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final Model model;
    private final Sparsification sparsification;

    /** A pass over a model. */
    public SparsifyingPass(ComputeBackend backend, LinearAlgebra algebra, Model model, Sparsification sparsification) {
        this.backend = backend;
        this.algebra = algebra;
        this.model = model;
        this.sparsification = sparsification;
    }

    /** Most bytes that the moments of maps take that see the same, on the device and on the host. */
    public static long momentBytes(ModelSpec spec, Sparsification sparsification) {
        return Sparsification.taps()
                .mapToLong(tap -> LayerWalk.momentBytes(spec, sparsification.wishes(tap), sparsification.streams()))
                .max()
                .orElse(0);
    }

    /**
     * Checks that every map can have the pattern.
     *
     * @throws Failure if one cannot
     */
    public void requireFits() {
        model.spec().modules().forEach(this::requireFits);
    }

    /**
     * Runs the pass.
     *
     * @param windows calibration windows; not looked at if the sparsifier wishes for nothing
     * @param progress is told the number of layers that are done
     * @throws Failure if the pattern does not fit a map, or the weights or what is measured are not finite
     */
    public void run(TokenWindows windows, PrunedLayerSink sink, IntConsumer progress) {
        requireFits();
        ModelSpec spec = model.spec();
        try (LayerWalk walk = sparsification.measures()
                ? new LayerWalk(backend, model.ends(), windows, sparsification.streams())
                : null) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (Arena arena = Arena.ofShared()) {
                    LayerSpec layer = spec.layers().get(i);
                    LayerWeights weights = model.layer(i);
                    bringTogether(walk);
                    sink.accept(
                            i,
                            new LayerWeights(
                                    sparsify(2 * i, layer.attention(), weights.attention(), walk, arena),
                                    sparsify(2 * i + 1, layer.mlp(), weights.mlp(), walk, arena)));
                }
                progress.accept(i + 1);
            }
        }
    }

    private void bringTogether(@Nullable LayerWalk walk) {
        if (walk != null && followsDense()) {
            switch (sparsification.layerInput()) {
                case PRUNED_PREFIX -> walk.set(HiddenStream.DENSE, HiddenStream.OWN);
                case DENSE_MODEL -> walk.set(HiddenStream.OWN, HiddenStream.DENSE);
            }
        }
    }

    private boolean followsDense() {
        return sparsification.streams().contains(HiddenStream.DENSE);
    }

    private void requireFits(ModuleSpec module) {
        module.maps().forEach(map -> {
            try {
                sparsification.patterns().asked().requireFits(map.columns());
            } catch (IllegalArgumentException e) {
                throw FailureKind.UNSUPPORTED_MODEL.failure(
                        "the pattern " + sparsification.patterns().asked() + " does not fit the map " + map.role()
                                + ": " + e.getMessage(),
                        e);
            }
        });
    }

    private ModuleWeights sparsify(
            int module, ModuleSpec spec, ModuleWeights weights, @Nullable LayerWalk walk, Arena arena) {
        Optional<Pattern> pattern = sparsification.patterns().of(module);
        if (pattern.isEmpty()) {
            moveOn(walk, spec, weights);
            return weights;
        }
        Pattern zeros = pattern.get();
        int layer = module / 2;
        if (walk == null || spec.isIdentity()) {
            Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
            weights.maps()
                    .forEach((role, map) -> sparse.put(
                            role, sparsify(new MapView(layer, role, map, Measured.NOTHING), zeros, Map.of(), arena)));
            return weights.with(sparse);
        }
        try (LoadedModule loaded = backend.load(spec, weights);
                LoadedModule dense = followsDense() ? backend.load(spec, weights) : null) {
            Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
            // The maps that make the features are sparse before those are measured.
            Sparsification.taps().forEach(tap -> {
                try (Arena scratch = Arena.ofShared()) {
                    Measured measured = measure(walk, loaded, dense, tap, scratch);
                    Map<Tap, Iterable<Matrix>> batches = Map.of(tap, walk.batches(loaded, tap, scratch));
                    weights.maps().forEach((role, map) -> {
                        if (MapView.tap(role) == tap) {
                            Linear zeroed = sparsify(new MapView(layer, role, map, measured), zeros, batches, arena);
                            backend.replace(loaded, role, zeroed);
                            sparse.put(role, zeroed);
                        }
                    });
                }
            });
            walk.moveOn(HiddenStream.OWN, loaded, spec.units());
            if (dense != null) {
                walk.moveOn(HiddenStream.DENSE, dense, spec.units());
            }
            return weights.with(sparse);
        }
    }

    /** All streams pass a module that stays dense. */
    private void moveOn(@Nullable LayerWalk walk, ModuleSpec spec, ModuleWeights weights) {
        if (walk == null || spec.isIdentity()) {
            return;
        }
        try (LoadedModule dense = backend.load(spec, weights)) {
            sparsification.streams().forEach(stream -> walk.moveOn(stream, dense, spec.units()));
        }
    }

    private Measured measure(
            LayerWalk walk, LoadedModule loaded, @Nullable LoadedModule dense, Tap tap, Arena scratch) {
        return dense == null
                ? walk.measure(loaded, sparsification.wishes(tap), scratch)
                : walk.compare(loaded, dense, sparsification.wishes(tap), scratch);
    }

    /** In the map's own data type, which is what later maps see. */
    private Linear sparsify(MapView map, Pattern pattern, Map<Tap, Iterable<Matrix>> batches, Arena arena) {
        try {
            Linear sparse =
                    sparsification.sparsifier().sparsify(map, pattern, new ModuleBench(algebra, arena, batches));
            Linear rounded = WeightCopy.like(map.map(), sparse, arena);
            int iterations = sparsification.refitIterations();
            return iterations == 0 ? rounded : new SupportRefit(algebra, iterations).refit(map, rounded, arena);
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the sparsifier fails: " + e.getMessage(), e);
        }
    }
}
