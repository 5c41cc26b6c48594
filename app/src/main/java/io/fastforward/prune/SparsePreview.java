package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntConsumer;

/**
 * What a model looks like with zeros, for comparing many candidates: what a sparsifier needs to know is measured once, on the
 * dense model, and then any pattern can be had of it layer by layer. Owns what was measured.
 */
public final class SparsePreview implements AutoCloseable {

    private final LinearAlgebra algebra;
    private final Model model;
    private final Sparsifier sparsifier;
    private final Arena arena = Arena.ofShared();

    /** Two for each layer. */
    private final List<Measured> modules = new ArrayList<>();

    private SparsePreview(LinearAlgebra algebra, Model model, Sparsifier sparsifier) {
        this.algebra = algebra;
        this.model = model;
        this.sparsifier = sparsifier;
    }

    /** Bytes that stay in memory: what is measured at all modules. */
    public static long bytes(ModelSpec spec, Sparsifier sparsifier) {
        Set<HiddenStream> carried = Set.of(HiddenStream.DENSE);
        long module = LayerWalk.sumBytes(spec, wishes(sparsifier), carried).stream()
                .mapToLong(Long::longValue)
                .sum();
        return 2L * spec.layers().size() * module;
    }

    /**
     * Measures on one walk of calibration windows through the dense model.
     *
     * @param sparsifier sets the zeros
     * @param progress is told the number of layers that are done
     */
    public static SparsePreview measure(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            Sparsifier sparsifier,
            TokenWindows windows,
            IntConsumer progress) {
        SparsePreview preview = new SparsePreview(algebra, model, sparsifier);
        try (LayerWalk walk = new LayerWalk(backend, model.ends(), windows, Set.of(HiddenStream.DENSE));
                LayerSource layers = LayerSource.streamed(backend, model.spec(), model)) {
            for (int i = 0; i < model.spec().layers().size(); i++) {
                try (LoadedLayer layer = layers.load(i)) {
                    preview.measure(walk, layer.attention());
                    preview.measure(walk, layer.mlp());
                }
                progress.accept(i + 1);
            }
            return preview;
        } catch (Throwable e) {
            preview.close();
            throw e;
        }
    }

    private void measure(LayerWalk walk, LoadedModule module) {
        modules.add(module.spec().isIdentity() ? Measured.NOTHING : walk.measure(module, wishes(sparsifier), arena));
    }

    /** Those of the sparsifier, and the square sums for the scores. */
    private static Set<Wish> wishes(Sparsifier sparsifier) {
        Set<Wish> wishes = new HashSet<>();
        Sparsification.taps().forEach(tap -> {
            wishes.addAll(sparsifier.wishes(tap));
            wishes.add(squareSums(tap));
        });
        return wishes;
    }

    private static Wish squareSums(Tap tap) {
        return new Wish(tap, Moment.SQUARE_SUMS, HiddenStream.OWN);
    }

    /** What stays of each module's output when its units go one after the other, as {@link RetainedEnergy} has it. */
    public List<List<Double>> unitScores(Pattern asked) {
        List<List<Double>> scores = new ArrayList<>();
        for (int i = 0; i < model.spec().layers().size(); i++) {
            LayerWeights layer = model.layer(i);
            scores.add(unitScores(asked, modules.get(2 * i), layer.attention()));
            scores.add(unitScores(asked, modules.get(2 * i + 1), layer.mlp()));
        }
        return scores;
    }

    private static List<Double> unitScores(Pattern asked, Measured measured, ModuleWeights module) {
        if (module.maps().isEmpty()) {
            return List.of();
        }
        RetainedEnergy energy = new RetainedEnergy(asked, ModulePatterns.units(asked));
        module.maps().forEach((role, map) -> energy.add(map.weight(), measured.get(squareSums(MapView.tap(role)))));
        return energy.perUnit();
    }

    /**
     * The model with zeros, made anew whenever a layer is asked for.
     *
     * @param patterns which zeros
     * @return throws a {@link Failure} if the sparsifier fails
     */
    public WeightSource weights(ModulePatterns patterns) {
        return (layer, layerArena) -> {
            LayerWeights dense = model.layer(layer);
            return new LayerWeights(
                    sparse(2 * layer, dense.attention(), patterns, layerArena),
                    sparse(2 * layer + 1, dense.mlp(), patterns, layerArena));
        };
    }

    private ModuleWeights sparse(int module, ModuleWeights dense, ModulePatterns patterns, Arena target) {
        Optional<Pattern> pattern = patterns.of(module);
        if (pattern.isEmpty()) {
            return dense;
        }
        Map<MapRole, Linear> sparse = new EnumMap<>(MapRole.class);
        dense.maps()
                .forEach((role, map) -> sparse.put(
                        role, sparse(new MapView(module / 2, role, map, modules.get(module)), pattern.get(), target)));
        return dense.with(sparse);
    }

    private Linear sparse(MapView map, Pattern pattern, Arena target) {
        try (Arena scratch = Arena.ofShared()) {
            Linear sparse = sparsifier.sparsify(map, pattern, new ModuleBench(algebra, scratch, Map.of()));
            return WeightCopy.like(map.map(), sparse, target);
        } catch (IllegalArgumentException e) {
            throw FailureKind.NOT_FINITE.failure("the sparsifier fails: " + e.getMessage(), e);
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
