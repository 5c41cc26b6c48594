package io.fastforward.prune;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.HiddenStates;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SparsifyingPassTest {

    private static final ModulePatterns HALF = ModulePatterns.everywhere(Pattern.parse("0.5"));

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @ParameterizedTest
    @CsvSource({"wanda, 0.5", "wanda, 1:2", "magnitude, 0.25", "sparsegpt, 0.5", "fista, 1:2", "fista-refit, 0.5"})
    void everyMapHasThePatternAndItsOwnDataType(String sparsifier, String text, @TempDir Path directory) {
        Pattern pattern = Pattern.parse(text);
        RandomLlama llama =
                new RandomLlama().stored(DataType.BF16).stored("model.layers.1.mlp.down_proj.weight", DataType.F16);
        try (Model model = Model.open(llama.write(directory));
                CollectedLayers layers = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            List<Integer> progress = new ArrayList<>();
            pass(model, DefaultPlugins.sparsifier(sparsifier), pattern).run(windows(model), layers, progress::add);
            assertThat(progress).containsExactly(1, 2);
            for (int layer = 0; layer < 2; layer++) {
                LayerWeights sparse = layers.layer(layer, arena);
                LayerWeights dense = model.layer(layer);
                for (MapRole role : MapRole.values()) {
                    Linear before = map(dense, role);
                    Linear after = map(sparse, role);
                    assertThat(pattern.holdsIn(after.weight())).as("%s", role).isTrue();
                    assertThat(after.weight().type()).isEqualTo(before.weight().type());
                    if (!DefaultPlugins.sparsifier(sparsifier).repairs()) {
                        requireKeptOrZero(before.weight(), after.weight());
                    }
                }
            }
        }
    }

    private static Linear map(LayerWeights layer, MapRole role) {
        return (layer.attention().maps().containsKey(role) ? layer.attention() : layer.mlp()).map(role);
    }

    private static void requireKeptOrZero(Matrix before, Matrix after) {
        for (int i = 0; i < before.rows(); i++) {
            for (int j = 0; j < before.columns(); j++) {
                assertThat(after.get(i, j)).isIn(0f, -0f, before.get(i, j));
            }
        }
    }

    /** Whether a map before was emptied shows in what the next one is told about its input. */
    @Test
    void mapsSeeWhatTheSparsifiedOnesBeforeThemProduce(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Emptying nothing = new Emptying(false);
            Emptying everything = new Emptying(true);
            pass(model, nothing, Pattern.parse("0.01")).run(windows(model), (layer, weights) -> {}, done -> {});
            pass(model, everything, Pattern.parse("0.01")).run(windows(model), (layer, weights) -> {}, done -> {});
            assertThat(nothing.places).isEqualTo(everything.places).hasSize(2 * MapRole.values().length);
            for (int i = 0; i < nothing.places.size(); i++) {
                double dense = nothing.squares.get(i);
                double seen = everything.squares.get(i);
                if (i < 3) {
                    assertThat(seen).as(nothing.places.get(i)).isEqualTo(dense); // nothing is before them
                } else if (nothing.places.get(i).endsWith("OUTPUT")) {
                    assertThat(seen).as(nothing.places.get(i)).isNotCloseTo(dense, within(1e-3 * dense));
                }
            }
        }
    }

    /** Modules that stay dense are passed on as they are, and what comes behind them sees what they make. */
    @ParameterizedTest
    @EnumSource(LayerInput.class)
    void modulesMayStayDense(LayerInput input, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory));
                CollectedLayers layers = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            Emptying all = new Emptying(false);
            pass(model, all, Pattern.parse("0.01")).run(windows(model), (layer, weights) -> {}, done -> {});
            Emptying some = new Emptying(false);
            ModulePatterns patterns = ModulePatterns.of(Pattern.parse("0.01"), new Policy(List.of(100, 99, 100, 99)));
            pass(model, new Sparsification(some, patterns, input, 0)).run(windows(model), layers, done -> {});
            assertThat(some.places)
                    .containsExactly(
                            "layer 0, GATE",
                            "layer 0, UP",
                            "layer 0, MLP_OUTPUT",
                            "layer 1, GATE",
                            "layer 1, UP",
                            "layer 1, MLP_OUTPUT");
            for (int i = 0; i < some.places.size(); i++) {
                int same = all.places.indexOf(some.places.get(i));
                assertThat(some.squares.get(i)).isEqualTo(all.squares.get(same));
            }
            for (int layer = 0; layer < 2; layer++) {
                Matrix dense = map(model.layer(layer), MapRole.QUERY).weight();
                Matrix passed = map(layers.layer(layer, arena), MapRole.QUERY).weight();
                for (int j = 0; j < dense.columns(); j++) {
                    assertThat(passed.get(0, j)).isEqualTo(dense.get(0, j));
                }
            }
        }
    }

    @Test
    void aPatternThatDoesNotFitIsRefusedBeforeAnyWork(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL,
                    () -> pass(model, DefaultPlugins.sparsifier("wanda"), Pattern.parse("3:7"))
                            .run(windows(model), (layer, weights) -> {}, done -> {}),
                    "3:7",
                    "QUERY");
        }
    }

    /** Against sums over rows that are composed by hand: which weights which hidden states have passed. */
    @ParameterizedTest
    @EnumSource(LayerInput.class)
    void theDenseStreamIsWhatTheDenseLayerMakesOfTheSameInput(LayerInput input, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().stored(DataType.BF16).write(directory));
                CollectedLayers layers = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            Halving halving = new Halving();
            pass(model, new Sparsification(halving, HALF, input, 0)).run(windows(model), layers, done -> {});
            ComposedMoments composed = new ComposedMoments(model, input, arena);
            for (int layer = 0; layer < model.spec().layers().size(); layer++) {
                composed.walk(layer, layers.layer(layer, arena));
            }
            assertThat(halving.moments.keySet())
                    .isEqualTo(composed.moments.keySet())
                    .hasSize(2 * 7 * 3);
            composed.moments.forEach((name, expected) -> {
                double[][] found = requireNonNull(halving.moments.get(name));
                double largest = Arrays.stream(expected)
                        .flatMapToDouble(Arrays::stream)
                        .map(Math::abs)
                        .max()
                        .orElse(0);
                assertThat(found.length).isEqualTo(expected.length);
                for (int i = 0; i < expected.length; i++) {
                    // Single precision sums of 80 rows.
                    assertThat(found[i]).as(name).containsExactly(expected[i], within(80 * 0x1p-24 * largest));
                }
            });
        }
    }

    /** What is asked of the input of attention is the same for both streams, and summed up once. */
    @Test
    void whereTheStreamsAreOneSumsAreTheSameObject(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Halving halving = new Halving();
            pass(model, new Sparsification(halving, HALF, LayerInput.PRUNED_PREFIX, 0))
                    .run(windows(model), (layer, weights) -> {}, done -> {});
            assertThat(halving.single)
                    .containsExactlyInAnyOrder(
                            "layer 0, QUERY",
                            "layer 0, KEY",
                            "layer 0, VALUE",
                            "layer 1, QUERY",
                            "layer 1, KEY",
                            "layer 1, VALUE");
        }
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void aRefitLowersTheErrorOfEveryMapAndKeepsItsZeros(DataType type, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().stored(type).write(directory));
                CollectedLayers raw = new CollectedLayers();
                CollectedLayers refitted = new CollectedLayers();
                Arena arena = Arena.ofShared()) {
            // Layers that do not depend on each other: the first maps of each have seen the same in both passes.
            Halving halving = new Halving();
            pass(model, new Sparsification(halving, HALF, LayerInput.DENSE_MODEL, 0))
                    .run(windows(model), raw, done -> {});
            pass(model, new Sparsification(new Halving(), HALF, LayerInput.DENSE_MODEL, 20))
                    .run(windows(model), refitted, done -> {});
            for (int layer = 0; layer < 2; layer++) {
                for (MapRole role : MapRole.values()) {
                    Matrix dense = map(model.layer(layer), role).weight();
                    Matrix before = map(raw.layer(layer, arena), role).weight();
                    Matrix after = map(refitted.layer(layer, arena), role).weight();
                    assertThat(after.type()).isEqualTo(type);
                    for (int i = 0; i < after.rows(); i++) {
                        for (int j = 0; j < after.columns(); j++) {
                            if (before.get(i, j) == 0) {
                                assertThat(after.get(i, j)).isZero();
                            }
                        }
                    }
                    if (Set.of(MapRole.QUERY, MapRole.KEY, MapRole.VALUE).contains(role)) {
                        double[][] gram = requireNonNull(halving.moments.get(name(layer, role, Halving.GRAM)));
                        assertThat(squaredError(after, dense, gram))
                                .isLessThan(0.8 * squaredError(before, dense, gram));
                    }
                }
            }
        }
    }

    private static double squaredError(Matrix sparse, Matrix dense, double[][] gram) {
        double sum = 0;
        for (int row = 0; row < sparse.rows(); row++) {
            for (int i = 0; i < gram.length; i++) {
                for (int j = 0; j < gram.length; j++) {
                    sum += (sparse.get(row, i) - dense.get(row, i))
                            * gram[i][j]
                            * (sparse.get(row, j) - dense.get(row, j));
                }
            }
        }
        return sum;
    }

    @Test
    void momentsAreThoseOfTheMapsThatSeeTheSame(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            long widest = Math.max(model.spec().widestFeatures(), model.spec().hiddenSize());
            Sparsification alone =
                    new Sparsification(DefaultPlugins.sparsifier("wanda"), HALF, LayerInput.PRUNED_PREFIX, 0);
            assertThat(SparsifyingPass.sumBytes(model.spec(), alone)).containsExactly(widest * Double.BYTES);
            Sparsification refitted =
                    new Sparsification(alone.sparsifier(), alone.patterns(), LayerInput.PRUNED_PREFIX, 20);
            assertThat(SparsifyingPass.sumBytes(model.spec(), refitted))
                    .containsExactlyInAnyOrder(
                            widest * Double.BYTES, widest * widest * Double.BYTES, widest * widest * Double.BYTES);
        }
    }

    private static String name(int layer, MapRole role, Moment moment, HiddenStream stream) {
        return layer + " " + role + " " + moment + " " + stream;
    }

    private static String name(int layer, MapRole role, Wish wish) {
        return name(layer, role, wish.moment(), wish.stream());
    }

    /** Some modules stay dense; with a refit, or with a sparsifier that iterates, threads wait for each other most. */
    @ParameterizedTest
    @CsvSource({
        "wanda, 0, DENSE_MODEL",
        "sparsegpt, 0, DENSE_MODEL",
        "fista-refit, 0, DENSE_MODEL",
        "sparsegpt, 5, DENSE_MODEL",
        "magnitude, 0, PRUNED_PREFIX"
    })
    void howManyLayersAreDoneAtOnceChangesNothing(
            String sparsifier, int refit, LayerInput input, @TempDir Path directory) {
        ModulePatterns patterns =
                ModulePatterns.of(Pattern.parse("0.5"), new Policy(List.of(50, 40, 100, 30, 20, 100, 60, 50, 40, 30)));
        Sparsification sparsification =
                new Sparsification(DefaultPlugins.sparsifier(sparsifier), patterns, input, refit);
        try (Model model = Model.open(
                        new RandomLlama().with("num_hidden_layers", "5").write(directory));
                Arena arena = Arena.ofShared()) {
            List<float[]> alone = weights(model, sparsification, 1, arena);
            for (int layersAtOnce : new int[] {2, 3, 9}) {
                List<float[]> beside = weights(model, sparsification, layersAtOnce, arena);
                for (int i = 0; i < alone.size(); i++) {
                    assertThat(beside.get(i))
                            .as("%d at once, row %d", layersAtOnce, i)
                            .containsExactly(alone.get(i));
                }
            }
        }
    }

    /** All rows of all maps. */
    private List<float[]> weights(Model model, Sparsification sparsification, int layersAtOnce, Arena arena) {
        List<Integer> progress = new ArrayList<>();
        List<float[]> rows = new ArrayList<>();
        try (CollectedLayers layers = new CollectedLayers()) {
            new SparsifyingPass(exclusive(), Backends.linearAlgebra(), model, sparsification, layersAtOnce)
                    .run(windows(model), layers, progress::add);
            assertThat(progress).containsExactly(1, 2, 3, 4, 5);
            for (int layer = 0; layer < 5; layer++) {
                for (MapRole role : MapRole.values()) {
                    Matrix weight = map(layers.layer(layer, arena), role).weight();
                    for (int i = 0; i < weight.rows(); i++) {
                        float[] row = new float[weight.columns()];
                        for (int j = 0; j < row.length; j++) {
                            row[j] = weight.get(i, j);
                        }
                        rows.add(row);
                    }
                }
            }
        }
        return rows;
    }

    /** The backend, but it does not let two threads in. */
    private ComputeBackend exclusive() {
        AtomicInteger inside = new AtomicInteger();
        return (ComputeBackend) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ComputeBackend.class}, (proxy, method, arguments) -> {
                    if (inside.incrementAndGet() > 1) {
                        throw new IllegalStateException("two threads call the backend");
                    }
                    try {
                        return method.invoke(backend, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        inside.decrementAndGet();
                    }
                });
    }

    @Test
    void batchesAreComputedInTurns(@TempDir Path directory) {
        Iterating iterating = new Iterating();
        try (Model model =
                Model.open(new RandomLlama().with("num_hidden_layers", "4").write(directory))) {
            Sparsification sparsification = new Sparsification(iterating, HALF, LayerInput.DENSE_MODEL, 0);
            for (int layersAtOnce : new int[] {1, 3}) {
                new SparsifyingPass(exclusive(), Backends.linearAlgebra(), model, sparsification, layersAtOnce)
                        .run(windows(model), (layer, weights) -> {}, done -> {});
            }
        }
        assertThat(iterating.sums)
                .hasSize(4 * 7)
                .allSatisfy((place, sums) -> assertThat(sums).hasSize(1));
    }

    @Test
    void aFailureInOneLayerIsWhatThePassEndsWith(@TempDir Path directory) {
        Failure expected = FailureKind.NOT_FINITE.failure("layer 2 fails");
        Sparsifier failing = new Emptying(false) {
            @Override
            public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
                if (map.layer() == 2) {
                    throw expected;
                }
                return copy(map, workbench);
            }
        };
        try (Model model =
                Model.open(new RandomLlama().with("num_hidden_layers", "6").write(directory))) {
            List<Integer> passed = new ArrayList<>();
            Sparsification sparsification = new Sparsification(failing, HALF, LayerInput.DENSE_MODEL, 0);
            SparsifyingPass pass = new SparsifyingPass(backend, Backends.linearAlgebra(), model, sparsification, 3);
            assertThatThrownBy(() -> pass.run(windows(model), (layer, weights) -> passed.add(layer), done -> {}))
                    .isSameAs(expected);
            assertThat(passed).doesNotContain(2, 3, 4, 5).isSorted();
            IllegalStateException full = new IllegalStateException("the disk is full");
            assertThatThrownBy(() -> pass.run(
                            windows(model),
                            (layer, weights) -> {
                                throw full;
                            },
                            done -> {}))
                    .isIn(full, expected);
        }
    }

    @Test
    void layersThatDependOnEachOtherAreNotDoneAtOnce(@TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Sparsification prefix = new Sparsification(new Emptying(false), HALF, LayerInput.PRUNED_PREFIX, 0);
            assertThatThrownBy(() -> new SparsifyingPass(backend, Backends.linearAlgebra(), model, prefix, 2))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    private SparsifyingPass pass(Model model, Sparsifier sparsifier, Pattern pattern) {
        return pass(
                model, new Sparsification(sparsifier, ModulePatterns.everywhere(pattern), LayerInput.PRUNED_PREFIX, 0));
    }

    private SparsifyingPass pass(Model model, Sparsification sparsification) {
        return new SparsifyingPass(backend, Backends.linearAlgebra(), model, sparsification, 1);
    }

    private static TokenWindows windows(Model model) {
        return RunningModel.randomWindows(model.spec(), 16, 5, 3);
    }

    /** Empties maps, or leaves them as they are, and keeps what it was shown. */
    private static class Emptying implements Sparsifier {

        private final boolean empties;
        private final List<String> places = new ArrayList<>();
        private final List<Double> squares = new ArrayList<>();

        Emptying(boolean empties) {
            this.empties = empties;
        }

        @Override
        public Set<Wish> wishes(Tap tap) {
            return Set.of(new Wish(tap, Moment.SQUARE_SUMS, HiddenStream.OWN));
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            places.add(map.place());
            squares.add(map.moment(Moment.SQUARE_SUMS).get(0, 0));
            if (!empties) {
                return copy(map, workbench);
            }
            Matrix source = map.map().weight();
            return new Linear(
                    Matrix.allocate(workbench.arena(), DataType.F32, source.rows(), source.columns()),
                    map.map().bias());
        }

        static Linear copy(MapView map, Workbench workbench) {
            return new Linear(
                    map.map().weight().copy(DataType.F32, workbench.arena()),
                    map.map().bias());
        }
    }

    /** Keeps what it finds when it goes through the batches, which it does in several threads if layers are done at once. */
    private static final class Iterating extends Emptying {

        private final Map<String, Set<Double>> sums = new ConcurrentHashMap<>();

        Iterating() {
            super(false);
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            double sum = 0;
            for (Matrix batch : workbench.batches(MapView.tap(map.role()))) {
                for (int i = 0; i < batch.rows(); i++) {
                    sum += batch.get(i, 0);
                }
            }
            sums.computeIfAbsent(map.place(), place -> ConcurrentHashMap.newKeySet())
                    .add(sum);
            return copy(map, workbench);
        }
    }

    /** Empties the first half of every row, and keeps a copy of all that can be wished for. */
    private static final class Halving implements Sparsifier {

        static final Wish GRAM = Wish.input(Moment.GRAM);

        private final Map<String, double[][]> moments = new HashMap<>();
        private final List<String> single = new ArrayList<>();

        @Override
        public Set<Wish> wishes(Tap tap) {
            return Set.of(
                    new Wish(tap, Moment.GRAM, HiddenStream.OWN),
                    new Wish(tap, Moment.GRAM, HiddenStream.DENSE),
                    new Wish(tap, Moment.CROSS_GRAM, HiddenStream.DENSE));
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            map.measured()
                    .moments()
                    .forEach((wish, moment) -> moments.put(name(map.layer(), map.role(), wish), copy(moment)));
            if (map.moment(Moment.GRAM).equals(map.moment(Moment.CROSS_GRAM, HiddenStream.DENSE))) {
                single.add(map.place());
            }
            Matrix source = map.map().weight();
            Matrix target = source.copy(DataType.F32, workbench.arena());
            for (int i = 0; i < target.rows(); i++) {
                for (int j = 0; j < target.columns() / 2; j++) {
                    target.set(i, j, 0);
                }
            }
            return new Linear(target, map.map().bias());
        }

        private static double[][] copy(DoubleMatrix moment) {
            double[][] copy = new double[moment.rows()][moment.columns()];
            for (int i = 0; i < copy.length; i++) {
                for (int j = 0; j < copy[i].length; j++) {
                    copy[i][j] = moment.get(i, j);
                }
            }
            return copy;
        }
    }

    /** The same walk, operation by operation, and sums in double precision. */
    private final class ComposedMoments {

        private final Model model;
        private final LayerInput input;
        private final Arena arena;
        private final BatchShape shape;
        private final Map<String, double[][]> moments = new HashMap<>();
        private Matrix own;
        private Matrix dense;

        ComposedMoments(Model model, LayerInput input, Arena arena) {
            this.model = model;
            this.input = input;
            this.arena = arena;
            TokenWindows windows = windows(model);
            try (HiddenStates embedded = HiddenStates.embed(backend, model.ends(), windows)) {
                shape = embedded.chunks().getFirst().shape();
                own = read(embedded.chunks().getFirst().hidden());
                dense = own;
            }
        }

        void walk(int layer, LayerWeights sparse) {
            switch (input) {
                case PRUNED_PREFIX -> dense = own;
                case DENSE_MODEL -> own = dense;
            }
            LayerSpec spec = model.spec().layers().get(layer);
            LayerWeights whole = model.layer(layer);
            walk(layer, spec.attention(), whole.attention(), sparse.attention());
            walk(layer, spec.mlp(), whole.mlp(), sparse.mlp());
        }

        private void walk(int layer, ModuleSpec spec, ModuleWeights whole, ModuleWeights sparse) {
            try (LoadedModule denseModule = backend.load(spec, whole);
                    LoadedModule sparseModule = backend.load(spec, sparse);
                    DeviceMatrix denseHidden = device(dense);
                    DeviceMatrix ownHidden = device(own);
                    DeviceMatrix input = backend.allocate(shape.rows(), spec.hiddenSize());
                    DeviceMatrix features = backend.allocate(shape.rows(), spec.features(spec.units()))) {
                backend.input(denseModule, shape.rows(), denseHidden, input);
                Matrix denseInput = read(input);
                backend.input(sparseModule, shape.rows(), ownHidden, input);
                Matrix ownInput = read(input);
                backend.features(denseModule, spec.units(), shape, denseHidden, features);
                Matrix denseFeatures = read(features);
                backend.features(sparseModule, spec.units(), shape, ownHidden, features);
                Matrix ownFeatures = read(features);
                for (MapRole role : whole.maps().keySet()) {
                    boolean output = role.isOutput();
                    Matrix x = output ? ownFeatures : ownInput;
                    Matrix y = output ? denseFeatures : denseInput;
                    moments.put(name(layer, role, Moment.GRAM, HiddenStream.OWN), product(x, x));
                    moments.put(name(layer, role, Moment.GRAM, HiddenStream.DENSE), product(y, y));
                    moments.put(name(layer, role, Moment.CROSS_GRAM, HiddenStream.DENSE), product(y, x));
                }
                backend.apply(denseModule, spec.units(), shape, denseHidden, features);
                dense = read(denseHidden);
                backend.apply(sparseModule, spec.units(), shape, ownHidden, features);
                own = read(ownHidden);
            }
        }

        private DeviceMatrix device(Matrix rows) {
            DeviceMatrix device = backend.allocate(rows.rows(), rows.columns());
            backend.write(rows, device, 0);
            return device;
        }

        private Matrix read(DeviceMatrix device) {
            Matrix rows = Matrix.allocate(arena, DataType.F32, device.rows(), device.columns());
            backend.read(device, 0, rows);
            return rows;
        }

        private double[][] product(Matrix left, Matrix right) {
            double[][] product = new double[left.columns()][right.columns()];
            for (int t = 0; t < left.rows(); t++) {
                for (int i = 0; i < product.length; i++) {
                    for (int j = 0; j < product[i].length; j++) {
                        product[i][j] += (double) left.get(t, i) * right.get(t, j);
                    }
                }
            }
            return product;
        }
    }
}
