package io.fastforward.prune;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.LayerWalk;
import io.fastforward.forward.PassMemory;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Sets weights of every map to zero, on one walk of calibration windows. Every layer starts from one hidden state, the
 * pruned prefix's or the dense model's; from there on, each map sees what the already sparsified ones before it produce, and
 * the dense stream is what the dense layer makes of it.
 *
 * <p>Layers that do not depend on each other may be done several at a time: a walk through the dense model goes ahead and
 * leaves a copy of its hidden states at each of them. Results are the same, bit for bit.
 *
 * <p>Memory: one layer, the hidden states of the windows (twice if the dense stream is asked for), and the moments of one
 * module's maps that see the same. With several layers at a time, all of that for each of them, and one layer and its hidden
 * states for the walk ahead.
 */
public final class SparsifyingPass {

    private final ComputeBackend backend;
    private final LinearAlgebra algebra;
    private final Model model;
    private final Sparsification sparsification;
    private final int layersAtOnce;
    private final PassMemory memory;

    /**
     * A pass over a model.
     *
     * @param layersAtOnce how many layers are done at a time, at least 1; more than one only if they are
     *     {@linkplain Sparsification#layersAreIndependent() independent}
     */
    public SparsifyingPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            Sparsification sparsification,
            int layersAtOnce) {
        this(backend, algebra, model, sparsification, layersAtOnce, PassMemory.ANONYMOUS);
    }

    /**
     * The same.
     *
     * @param memory for hidden states and sums, if the backend computes in memory of the host and layers are done one by one
     */
    public SparsifyingPass(
            ComputeBackend backend,
            LinearAlgebra algebra,
            Model model,
            Sparsification sparsification,
            int layersAtOnce,
            PassMemory memory) {
        if (layersAtOnce < 1 || (layersAtOnce > 1 && !sparsification.layersAreIndependent())) {
            throw new IllegalArgumentException(layersAtOnce + " layers cannot be sparsified at once");
        }
        this.backend = backend;
        this.algebra = algebra;
        this.model = model;
        this.sparsification = sparsification;
        this.layersAtOnce = layersAtOnce;
        this.memory = memory;
    }

    /** Most bytes of each sum at maps that see the same, in the order in which they take their memory. */
    public static List<Long> sumBytes(ModelSpec spec, Sparsification sparsification) {
        return Sparsification.taps()
                .map(tap -> LayerWalk.sumBytes(spec, sparsification.wishes(tap), sparsification.streams()))
                .max(Comparator.comparingLong(
                        sums -> sums.stream().mapToLong(Long::longValue).sum()))
                .orElseThrow();
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
     * @param sink is called on this thread, and may use the backend
     * @param progress is told the number of layers that are done
     * @throws Failure if the pattern does not fit a map, or the weights or what is measured are not finite
     */
    public void run(TokenWindows windows, PrunedLayerSink sink, IntConsumer progress) {
        run(windows, FinishedLayers.none(), sink, progress);
    }

    /**
     * Likewise, going on behind the layers that were finished before.
     *
     * @param finished of the {@link #shape}
     */
    public void run(
            TokenWindows windows, FinishedLayers<LayerPatterns> finished, PrunedLayerSink sink, IntConsumer progress) {
        requireFits();
        BackendTurns turns = new BackendTurns();
        LayerSparsifier layers = new LayerSparsifier(backend, algebra, model, sparsification, turns);
        if (atOnce() > 1) {
            runSeveral(layers, turns, windows, finished, sink, progress);
        } else {
            runOneByOne(layers, windows, finished, sink, progress);
        }
    }

    /** What is kept of this pass has to fit. */
    public PassShape<LayerPatterns> shape(TokenWindows windows) {
        return new PassShape<>(
                layers(),
                // A walk ahead through the dense model is not kept: what it takes is little beside what is done on its
                // copies.
                atOnce() > 1 ? Set.of() : sparsification.streams(),
                windows.tokens().length,
                model.spec().hiddenSize(),
                (layer, outcome, maps) -> {
                    if (!outcome.equals(patterns(layer))) {
                        throw new IllegalArgumentException("it has other zeros at layer " + layer);
                    }
                    List<MapLayout> expected = new ArrayList<>();
                    replaced(layer, model.layer(layer)).forEach((role, map) -> expected.add(MapLayout.of(role, map)));
                    if (!maps.equals(expected)) {
                        throw new IllegalArgumentException("its maps of layer " + layer + " are not the model's");
                    }
                });
    }

    private int atOnce() {
        return Math.min(layersAtOnce, layers());
    }

    private LayerPatterns patterns(int layer) {
        return new LayerPatterns(pattern(2 * layer), pattern(2 * layer + 1));
    }

    private String pattern(int module) {
        return sparsification.patterns().of(module).map(Pattern::toString).orElse("dense");
    }

    private void passOn(int layer, FinishedLayers<LayerPatterns> finished, PrunedLayerSink sink) {
        try (Arena arena = Arena.ofShared()) {
            Map<MapRole, Linear> sparse = finished.maps(layer, arena);
            sink.accept(layer, model.layer(layer).mapEach(module -> module.with(sparse)));
        }
    }

    /** The maps of the modules that have zeros by now. */
    private Map<MapRole, Linear> replaced(int layer, LayerWeights weights) {
        Map<MapRole, Linear> maps = new EnumMap<>(MapRole.class);
        if (sparsification.patterns().of(2 * layer).isPresent()) {
            maps.putAll(weights.attention().maps());
        }
        if (sparsification.patterns().of(2 * layer + 1).isPresent()) {
            maps.putAll(weights.mlp().maps());
        }
        return maps;
    }

    /** Without copies of the hidden states: they move through the layers as these become sparse. */
    private void runOneByOne(
            LayerSparsifier layers,
            TokenWindows windows,
            FinishedLayers<LayerPatterns> finished,
            PrunedLayerSink sink,
            IntConsumer progress) {
        try (LayerWalk walk = walk(windows, sparsification.streams(), memory)) {
            for (int i = 0; i < layers(); i++) {
                if (finished.holds(i)) {
                    passOn(i, finished, sink);
                } else {
                    if (walk != null && finished.holds(i - 1)) {
                        finished.restore(walk);
                    }
                    sparsify(i, layers, walk, finished, sink);
                }
                progress.accept(i + 1);
            }
        }
    }

    private void sparsify(
            int layer,
            LayerSparsifier layers,
            @Nullable LayerWalk walk,
            FinishedLayers<LayerPatterns> finished,
            PrunedLayerSink sink) {
        Set<HiddenStream> leaving = walk == null || isLast(layer) ? Set.of() : Set.of(input(walk));
        try (Arena arena = Arena.ofShared()) {
            LayerWeights weights = layers.sparsify(layer, walk, leaving, arena);
            sink.accept(layer, weights);
            if (!isLast(layer)) {
                bringTogether(walk);
                finished.add(layer, patterns(layer), replaced(layer, weights), walk);
            }
        }
    }

    private void runSeveral(
            LayerSparsifier layers,
            BackendTurns turns,
            TokenWindows windows,
            FinishedLayers<LayerPatterns> finished,
            PrunedLayerSink sink,
            IntConsumer progress) {
        try (LayerWalk ahead = walk(windows, Set.of(HiddenStream.DENSE), PassMemory.ANONYMOUS);
                OrderedTasks<LayerWeights> tasks = new OrderedTasks<>(atOnce(), turns::end)) {
            try {
                for (int done = 0, next = 0; done < layers(); ) {
                    if (next < layers() && !tasks.isFull()) {
                        int layer = next++;
                        if (!finished.holds(layer)) {
                            tasks.start(new LayerTask(layers, turns, layer, fork(ahead, turns)));
                        }
                        if (!isLast(layer)) {
                            moveOn(ahead, layer, turns);
                        }
                    } else {
                        int layer = done++;
                        if (finished.holds(layer)) {
                            turns.take(() -> passOn(layer, finished, sink));
                        } else {
                            tasks.take(weights -> turns.take(() -> {
                                sink.accept(layer, weights);
                                finished.add(layer, patterns(layer), replaced(layer, weights), null);
                            }));
                        }
                        progress.accept(done);
                    }
                }
            } catch (CancellationException e) {
                tasks.requireNoneFailed(); // or this thread was interrupted
                throw e;
            }
        }
    }

    private @Nullable LayerWalk fork(@Nullable LayerWalk ahead, BackendTurns turns) {
        return ahead == null ? null : turns.take(() -> ahead.fork(sparsification.streamsWithinLayer()));
    }

    private void moveOn(@Nullable LayerWalk ahead, int layer, BackendTurns turns) {
        if (ahead == null) {
            return;
        }
        LayerSpec spec = model.spec().layers().get(layer);
        LayerWeights weights = model.layer(layer);
        turns.take(() -> moveOn(ahead, spec.attention(), weights.attention()));
        turns.take(() -> moveOn(ahead, spec.mlp(), weights.mlp()));
    }

    private void moveOn(LayerWalk ahead, ModuleSpec spec, ModuleWeights weights) {
        if (!spec.isIdentity()) {
            try (LoadedModule dense = backend.load(spec, weights)) {
                ahead.moveOn(dense, spec.units());
            }
        }
    }

    private @Nullable LayerWalk walk(TokenWindows windows, Set<HiddenStream> streams, PassMemory memory) {
        return sparsification.measures() ? new LayerWalk(backend, model.ends(), windows, streams, memory) : null;
    }

    private void bringTogether(@Nullable LayerWalk walk) {
        if (walk != null && walk.carried().size() > 1) {
            HiddenStream input = input(walk);
            walk.carried().stream().filter(stream -> stream != input).forEach(other -> walk.set(other, input));
        }
    }

    /** The stream that layers start from. */
    private HiddenStream input(LayerWalk walk) {
        return walk.carried().size() == 1
                ? walk.carried().iterator().next()
                : switch (sparsification.layerInput()) {
                    case PRUNED_PREFIX -> HiddenStream.OWN;
                    case DENSE_MODEL -> HiddenStream.DENSE;
                };
    }

    private int layers() {
        return model.spec().layers().size();
    }

    private boolean isLast(int layer) {
        return layer == layers() - 1;
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

    /** A layer that is sparsified on a walk of its own. */
    private static final class LayerTask implements OrderedTasks.Task<LayerWeights> {

        private final LayerSparsifier layers;
        private final BackendTurns turns;
        private final int layer;
        private final @Nullable LayerWalk walk;
        private final Arena arena = Arena.ofShared();

        LayerTask(LayerSparsifier layers, BackendTurns turns, int layer, @Nullable LayerWalk walk) {
            this.layers = layers;
            this.turns = turns;
            this.layer = layer;
            this.walk = walk;
        }

        @Override
        public LayerWeights run() {
            return layers.sparsify(layer, walk, Set.of(), arena);
        }

        @Override
        public void close() {
            arena.close();
            if (walk != null) {
                turns.close(walk::close);
            }
        }
    }
}
