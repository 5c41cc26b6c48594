package io.fastforward.record;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Setting;
import io.fastforward.forward.HiddenStates;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.CollectedLayers;
import io.fastforward.prune.FinishedLayers;
import io.fastforward.prune.LayerInput;
import io.fastforward.prune.LayerPatterns;
import io.fastforward.prune.LayerRepairs;
import io.fastforward.prune.LayerScores;
import io.fastforward.prune.ModulePatterns;
import io.fastforward.prune.ModuleRepair;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.ScoringPass;
import io.fastforward.prune.Sparsification;
import io.fastforward.prune.SparsifyingPass;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.measure.MapView;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.measure.Tap;
import io.fastforward.spi.measure.Wish;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.spi.prune.Sparsifier;
import io.fastforward.spi.prune.Workbench;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A pass that is interrupted behind any layer and goes on gives what it gives without, to the last bit, and does nothing twice.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResumedPassTest {

    private static final int LAYERS = 4;
    private static final int LENGTH = 32;

    /** A module goes altogether, another one stays whole. */
    private static final Policy POLICY = new Policy(List.of(2, 7, 0, 6, 3, 10, 1, 3));

    private final ComputeBackend backend = Backends.cpu();

    @TempDir
    private Path directory;

    private Path weights;

    @BeforeEach
    void writeModel() {
        RandomLlama llama = new RandomLlama()
                .with("num_hidden_layers", String.valueOf(LAYERS))
                .stored(DataType.BF16)
                .stored("model.layers.1.mlp.down_proj.weight", DataType.F32);
        weights = llama.write(directory.resolve("model"));
    }

    @AfterAll
    void close() {
        backend.close();
    }

    /** Ends a pass. */
    private static final class Interruption extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /** Ends a pass where it passes a layer on. */
    private static void interrupt(
            PruningPass pass, TokenWindows windows, FinishedLayers<LayerRepairs> finished, int interrupted) {
        assertThatThrownBy(() -> pass.run(
                        windows,
                        finished,
                        (layer, weights) -> {
                            if (layer == interrupted) {
                                throw new Interruption();
                            }
                        },
                        done -> {}))
                .isInstanceOf(Interruption.class);
    }

    @ParameterizedTest
    @CsvSource({
        "ridge, PREFIX, ",
        "ridge, DENSE, ",
        "ridge, RESIDUAL, ",
        "ridge, RESIDUAL, F16",
        "spap, RESIDUAL, ",
        "none, PREFIX, BF16"
    })
    void repairGoesOn(String calibrator, CalibrationTarget target, @Nullable DataType type) {
        try (Model model = Model.open(weights);
                CollectedLayers expected = new CollectedLayers()) {
            TokenWindows windows = windows(model);
            List<ModuleRepair> repairs =
                    pass(model, new Counting(calibrator), target, type).run(windows, expected, done -> {});
            ModelSpec pruned = model.spec().pruned(POLICY);
            for (int interrupted = 1; interrupted < LAYERS; interrupted++) {
                Counting counting = new Counting(calibrator);
                try (RecordStore store = store("run-" + interrupted)) {
                    PassRecord record = new PassRecord(store, "run", SavePace.always());
                    PruningPass first = pass(model, counting, target, type);
                    FinishedLayers<LayerRepairs> none = open(record, first, windows, 0);
                    int end = interrupted;
                    interrupt(first, windows, none, end);
                    counting.layers.clear();
                    PruningPass second = pass(model, counting, target, type);
                    FinishedLayers<LayerRepairs> finished = open(record, second, windows, end);
                    try (CollectedLayers layers = new CollectedLayers()) {
                        assertThat(second.run(windows, finished, layers, done -> {}))
                                .isEqualTo(repairs);
                        requireSame(pruned, layers, expected);
                    }
                    assertThat(counting.layers).allMatch(layer -> layer >= end).contains(end);
                }
            }
        }
    }

    /** What was kept before an interruption is still there at the next one. */
    @Test
    void repairIsInterruptedMoreThanOnce() {
        try (Model model = Model.open(weights);
                CollectedLayers expected = new CollectedLayers();
                CollectedLayers layers = new CollectedLayers();
                RecordStore store = store("run")) {
            TokenWindows windows = windows(model);
            pass(model, new Counting("ridge"), CalibrationTarget.DENSE, null).run(windows, expected, done -> {});
            PassRecord record = new PassRecord(store, "run", SavePace.always());
            for (int end = 1; end < LAYERS; end++) {
                PruningPass pass = pass(model, new Counting("ridge"), CalibrationTarget.DENSE, null);
                interrupt(pass, windows, open(record, pass, windows, end - 1), end);
            }
            PruningPass pass = pass(model, new Counting("ridge"), CalibrationTarget.DENSE, null);
            pass.run(windows, open(record, pass, windows, LAYERS - 1), layers, done -> {});
            requireSame(model.spec().pruned(POLICY), layers, expected);
        }
    }

    /** Layers that were done before it was time to keep any are done once more, and those behind them are not. */
    @Test
    void firstLayersThatAreNotKeptAreDoneOnceMore() {
        long[] seconds = new long[1];
        SavePace pace = new SavePace(Duration.ofSeconds(25), 0, () -> 1_000_000_000L * seconds[0]);
        try (Model model = Model.open(weights);
                CollectedLayers expected = new CollectedLayers();
                CollectedLayers layers = new CollectedLayers();
                RecordStore store = store("run")) {
            TokenWindows windows = windows(model);
            List<ModuleRepair> repairs = pass(model, new Counting("ridge"), CalibrationTarget.RESIDUAL, null)
                    .run(windows, expected, done -> {});
            PassRecord record = new PassRecord(store, "run", pace);
            PruningPass first = pass(model, new Counting("ridge"), CalibrationTarget.RESIDUAL, null);
            FinishedLayers<LayerRepairs> none = open(record, first, windows, 0);
            assertThatThrownBy(() -> first.run(
                            windows,
                            none,
                            (layer, weights) -> {
                                seconds[0] += 15; // so that it is time behind layer 1
                                if (layer == LAYERS - 1) {
                                    throw new Interruption();
                                }
                            },
                            done -> {}))
                    .isInstanceOf(Interruption.class);
            Counting counting = new Counting("ridge");
            PruningPass second = pass(model, counting, CalibrationTarget.RESIDUAL, null);
            FinishedLayers<LayerRepairs> finished = open(record, second, windows, 2);
            assertThat(finished.first()).isEqualTo(1);
            assertThat(second.run(windows, finished, layers, done -> {})).isEqualTo(repairs);
            requireSame(model.spec().pruned(POLICY), layers, expected);
            assertThat(counting.layers).containsExactly(0, 0, 2, 2, 3, 3);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"wanda", "errors", "probes", "weights"})
    void scoringGoesOn(String what) throws IOException {
        try (Model model = Model.open(weights)) {
            TokenWindows windows = windows(model);
            try (RecordStore undisturbed = store("undisturbed")) {
                ProbeRecord expectedMaps = new ProbeRecord(undisturbed, "run");
                UnitRanking expected = scoring(model, what, new Interrupting(what, LAYERS))
                        .run(model.ends(), windows, expectedMaps, done -> {});
                for (int interrupted = 1; interrupted < LAYERS; interrupted++) {
                    try (RecordStore store = store("run-" + interrupted)) {
                        PassRecord record = new PassRecord(store, "run", SavePace.always());
                        ScoringPass first = scoring(model, what, new Interrupting(what, interrupted));
                        ProbeRecord before = new ProbeRecord(store, "run");
                        FinishedLayers<LayerScores> none = open(record, first, windows, before, 0);
                        assertThatThrownBy(() -> first.run(model.ends(), windows, before, none, done -> {}))
                                .isInstanceOf(Interruption.class);
                        Interrupting counting = new Interrupting(what, LAYERS);
                        ScoringPass second = scoring(model, what, counting);
                        ProbeRecord maps = new ProbeRecord(store, "run");
                        FinishedLayers<LayerScores> finished = open(record, second, windows, maps, interrupted);
                        List<Integer> progress = new ArrayList<>();
                        assertThat(second.run(model.ends(), windows, maps, finished, progress::add))
                                .isEqualTo(expected);
                        assertThat(progress).containsExactly(1, 2, 3, 4);
                        assertThat(counting.layers.getFirst()).isEqualTo(interrupted);
                        requireSameMaps(maps, expectedMaps, what.equals("probes") ? 2 * LAYERS : 0);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "sparsegpt, PRUNED_PREFIX, 0, 1",
        "sparsegpt, PRUNED_PREFIX, 3, 1",
        "wanda, DENSE_MODEL, 3, 1",
        "wanda, DENSE_MODEL, 3, 3",
        "magnitude, PRUNED_PREFIX, 0, 1"
    })
    void sparsifyingGoesOn(String sparsifier, LayerInput input, int refit, int layersAtOnce) {
        try (Model model = Model.open(weights);
                CollectedLayers expected = new CollectedLayers()) {
            TokenWindows windows = windows(model);
            sparsifying(model, new CountingSparsifier(sparsifier), input, refit, layersAtOnce)
                    .run(windows, expected, done -> {});
            for (int interrupted = 1; interrupted < LAYERS; interrupted++) {
                int end = interrupted;
                try (RecordStore store = store("run-" + interrupted);
                        CollectedLayers layers = new CollectedLayers()) {
                    PassRecord record = new PassRecord(store, "run", SavePace.always());
                    SparsifyingPass first =
                            sparsifying(model, new CountingSparsifier(sparsifier), input, refit, layersAtOnce);
                    FinishedLayers<LayerPatterns> none = open(record, first, windows, 0);
                    assertThatThrownBy(() -> first.run(
                                    windows,
                                    none,
                                    (layer, weights) -> {
                                        if (layer == end) {
                                            throw new Interruption();
                                        }
                                    },
                                    done -> {}))
                            .isInstanceOf(Interruption.class);
                    CountingSparsifier counting = new CountingSparsifier(sparsifier);
                    SparsifyingPass second = sparsifying(model, counting, input, refit, layersAtOnce);
                    second.run(windows, open(record, second, windows, end), layers, done -> {});
                    requireSame(model.spec(), layers, expected);
                    assertThat(counting.layers).allMatch(layer -> layer >= end).contains(end);
                }
            }
        }
    }

    private RecordStore store(String name) {
        return RecordStore.take(directory.resolve(name), Setting.RUN_DIRECTORY);
    }

    private static TokenWindows windows(Model model) {
        return RunningModel.randomWindows(model.spec(), LENGTH, HiddenStates.windowsPerChunk(LENGTH) + 5, 11);
    }

    private PruningPass pass(Model model, Calibrator calibrator, CalibrationTarget target, @Nullable DataType type) {
        ModelSpec spec = model.spec();
        return new PruningPass(
                backend,
                Backends.linearAlgebra(),
                model.ends(),
                new NestedModel(spec, model, NestedOrder.ofSource(spec)),
                POLICY,
                new PruningPass.Repair(calibrator, target, type));
    }

    private ScoringPass scoring(Model model, String what, Criterion criterion) {
        boolean errors = what.equals("errors") || what.equals("probes");
        return new ScoringPass(
                backend,
                Backends.linearAlgebra(),
                model.spec(),
                model,
                new ScoringPass.Wanted(
                        criterion,
                        model.spec().densePolicy(),
                        errors,
                        what.equals("probes") ? Optional.of(windows(model)) : Optional.empty()));
    }

    private SparsifyingPass sparsifying(
            Model model, Sparsifier sparsifier, LayerInput input, int refit, int layersAtOnce) {
        ModulePatterns patterns =
                ModulePatterns.of(Pattern.parse("0.5"), new Policy(List.of(50, 50, 100, 50, 30, 100, 50, 50)));
        return new SparsifyingPass(
                backend,
                Backends.linearAlgebra(),
                model,
                new Sparsification(sparsifier, patterns, input, refit),
                layersAtOnce);
    }

    private static FinishedLayers<LayerRepairs> open(
            PassRecord record, PruningPass pass, TokenWindows windows, int end) {
        return requireEnd(record.open("repair", LayerRepairs.class, pass.shape(windows), 0, Progress.silent()), end);
    }

    private static FinishedLayers<LayerScores> open(
            PassRecord record, ScoringPass pass, TokenWindows windows, ProbeRecord maps, int end) {
        return requireEnd(
                record.open("scoring", LayerScores.class, pass.shape(windows, maps), 0, Progress.silent()), end);
    }

    private static FinishedLayers<LayerPatterns> open(
            PassRecord record, SparsifyingPass pass, TokenWindows windows, int end) {
        return requireEnd(
                record.open("sparsifying", LayerPatterns.class, pass.shape(windows), 0, Progress.silent()), end);
    }

    private static <T> FinishedLayers<T> requireEnd(FinishedLayers<T> finished, int end) {
        assertThat(finished.end()).isEqualTo(end);
        return finished;
    }

    private static void requireSame(ModelSpec spec, WeightSource actual, WeightSource expected) {
        try (Arena arena = Arena.ofShared()) {
            for (int layer = 0; layer < LAYERS; layer++) {
                List<NamedTensor> want = NamedTensor.ofLayer(spec, layer, expected.layer(layer, arena));
                List<NamedTensor> have = NamedTensor.ofLayer(spec, layer, actual.layer(layer, arena));
                assertThat(have).hasSameSizeAs(want);
                for (int i = 0; i < want.size(); i++) {
                    assertThat(have.get(i).matrix().type())
                            .isEqualTo(want.get(i).matrix().type());
                    assertThat(Golden.elements(have.get(i).matrix()))
                            .as(want.get(i).name())
                            .isEqualTo(Golden.elements(want.get(i).matrix()));
                }
            }
        }
    }

    private static void requireSameMaps(ProbeRecord actual, ProbeRecord expected, int count) throws IOException {
        assertThat(actual.repairedMaps().areIntact()).isTrue();
        var maps = new TreeMap<>(actual.repairedMaps().maps());
        assertThat(maps).hasSize(count);
        for (var map : maps.entrySet()) {
            var other = requireNonNull(expected.repairedMaps().maps().get(map.getKey()));
            assertThat(map.getValue().units()).isEqualTo(other.units());
            assertThat(Path.of(map.getValue().file())).hasSameBinaryContentAs(Path.of(other.file()));
        }
        assertThat(expected.repairedMaps().maps()).hasSize(count);
    }

    /** Keeps which layers it was asked for. */
    private static final class Counting implements Calibrator {

        private final Calibrator calibrator;
        private final List<Integer> layers = new ArrayList<>();

        Counting(String id) {
            calibrator = DefaultPlugins.calibrator(id);
        }

        @Override
        public Set<Wish> wishes() {
            return calibrator.wishes();
        }

        @Override
        public boolean iterates() {
            return calibrator.iterates();
        }

        @Override
        public Repair repair(ModuleView module, int kept, Workbench workbench) {
            layers.add(module.layer());
            return calibrator.repair(module, kept, workbench);
        }
    }

    /** Keeps which layers it was asked for, and ends the pass at one of them. */
    private static final class Interrupting implements Criterion {

        private final Criterion criterion;
        private final int end;
        private final List<Integer> layers = new ArrayList<>();

        Interrupting(String what, int end) {
            criterion = DefaultPlugins.criterion(what.equals("weights") ? "magnitude" : "wanda");
            this.end = end;
        }

        @Override
        public Set<Wish> wishes() {
            return criterion.wishes();
        }

        @Override
        public double[] score(ModuleView module, int kept, Workbench workbench) {
            if (module.layer() == end) {
                throw new Interruption();
            }
            layers.add(module.layer());
            return criterion.score(module, kept, workbench);
        }
    }

    /** Keeps which layers it was asked for. */
    private static final class CountingSparsifier implements Sparsifier {

        private final Sparsifier sparsifier;
        private final Set<Integer> layers = ConcurrentHashMap.newKeySet();

        CountingSparsifier(String id) {
            sparsifier = DefaultPlugins.sparsifier(id);
        }

        @Override
        public Set<Wish> wishes(Tap tap) {
            return sparsifier.wishes(tap);
        }

        @Override
        public Linear sparsify(MapView map, Pattern pattern, Workbench workbench) {
            layers.add(map.layer());
            return sparsifier.sparsify(map, pattern, workbench);
        }
    }
}
