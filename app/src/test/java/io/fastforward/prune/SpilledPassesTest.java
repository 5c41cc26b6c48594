package io.fastforward.prune;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.checkpoint.SpillFile;
import io.fastforward.forward.PassMemory;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.UnitRanking;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.HostMemory;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Pattern;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is computed on disk is what is computed in memory, to the bit. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SpilledPassesTest {

    private static final Policy SMALL = new Policy(List.of(2, 7, 1, 6));

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    /** Everything in files, and how often something was taken. */
    private static HostMemory files(Path directory, AtomicInteger taken) {
        return (bytes, owner) -> {
            taken.incrementAndGet();
            return SpillFile.map(directory, bytes, owner);
        };
    }

    @Test
    void scoresErrorsAndRepairedMapsAreTheSame(@TempDir Path files, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            Map<Integer, FloatBuffer> inMemory = new TreeMap<>();
            Map<Integer, FloatBuffer> onDisk = new TreeMap<>();
            AtomicInteger states = new AtomicInteger();
            AtomicInteger sums = new AtomicInteger();
            PassMemory memory = new PassMemory(files(files, states), files(files, sums));
            assertThat(score(model, memory, onDisk)).isEqualTo(score(model, PassMemory.ANONYMOUS, inMemory));
            assertThat(onDisk).hasSize(4).isEqualTo(inMemory);
            assertThat(states).hasPositiveValue();
            assertThat(sums).hasValueGreaterThan(3);
            assertThat(files).isEmptyDirectory();
        }
    }

    private UnitRanking score(Model model, PassMemory memory, Map<Integer, FloatBuffer> repaired) {
        ModelSpec spec = model.spec();
        TokenWindows windows = RunningModel.randomWindows(spec, 9, 5, 2);
        ScoringPass.Wanted wanted = new ScoringPass.Wanted(
                DefaultPlugins.criterion("wanda"), spec.densePolicy(), true, Optional.of(windows));
        return new ScoringPass(backend, Backends.linearAlgebra(), spec, model, wanted, memory)
                .run(
                        model.ends(),
                        windows,
                        (module, units, map) -> {
                            repaired.put(module, FloatBuffer.wrap(Golden.elements(map)));
                            return ""; // nothing is kept
                        },
                        done -> {});
    }

    @ParameterizedTest
    @EnumSource(CalibrationTarget.class)
    void repairedLayersAreTheSame(CalibrationTarget target, @TempDir Path files, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            AtomicInteger states = new AtomicInteger();
            AtomicInteger sums = new AtomicInteger();
            PassMemory memory = new PassMemory(files(files, states), files(files, sums));
            assertThat(repair(model, target, memory)).isEqualTo(repair(model, target, PassMemory.ANONYMOUS));
            assertThat(states).hasValueGreaterThanOrEqualTo(target == CalibrationTarget.PREFIX ? 1 : 2);
            assertThat(sums).hasValueGreaterThanOrEqualTo(target == CalibrationTarget.RESIDUAL ? 4 * 4 : 4);
            assertThat(files).isEmptyDirectory();
        }
    }

    private List<FloatBuffer> repair(Model model, CalibrationTarget target, PassMemory memory) {
        List<FloatBuffer> tensors = new ArrayList<>();
        new PruningPass(
                        backend,
                        Backends.linearAlgebra(),
                        model.ends(),
                        new NestedModel(model.spec(), model, Orders.random(model.spec(), 3)),
                        SMALL,
                        new PruningPass.Repair(DefaultPlugins.calibrator("ridge"), target, null))
                .run(
                        RunningModel.randomWindows(model.spec(), 9, 5, 2),
                        memory,
                        FinishedLayers.none(),
                        (layer, weights) -> NamedTensor.ofLayer(model.spec().pruned(SMALL), layer, weights)
                                .forEach(tensor -> tensors.add(FloatBuffer.wrap(Golden.elements(tensor.matrix())))),
                        done -> {});
        return tensors;
    }

    @ParameterizedTest
    @EnumSource(LayerInput.class)
    void sparseLayersAreTheSame(LayerInput input, @TempDir Path files, @TempDir Path directory) {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            AtomicInteger states = new AtomicInteger();
            AtomicInteger sums = new AtomicInteger();
            PassMemory memory = new PassMemory(files(files, states), files(files, sums));
            assertThat(sparsify(model, input, memory)).isEqualTo(sparsify(model, input, PassMemory.ANONYMOUS));
            assertThat(states).hasPositiveValue();
            assertThat(sums)
                    .as("three at each tap, but where a layer begins the streams are one")
                    .hasValue(2 * (1 + 3 * 3));
            assertThat(files).isEmptyDirectory();
        }
    }

    private List<FloatBuffer> sparsify(Model model, LayerInput input, PassMemory memory) {
        List<FloatBuffer> tensors = new ArrayList<>();
        ModulePatterns half = ModulePatterns.everywhere(Pattern.parse("0.5"));
        new SparsifyingPass(
                        backend,
                        Backends.linearAlgebra(),
                        model,
                        new Sparsification(DefaultPlugins.sparsifier("fista"), half, input, 0),
                        1,
                        memory)
                .run(
                        RunningModel.randomWindows(model.spec(), 9, 5, 2),
                        FinishedLayers.none(),
                        (layer, weights) -> NamedTensor.ofLayer(model.spec(), layer, weights)
                                .forEach(tensor -> tensors.add(FloatBuffer.wrap(Golden.elements(tensor.matrix())))),
                        done -> {});
        return tensors;
    }
}
