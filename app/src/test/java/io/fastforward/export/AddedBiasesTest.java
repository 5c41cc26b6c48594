package io.fastforward.export;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models of every family whose output maps were given the biases that a repair needs. */
class AddedBiasesTest {

    @TempDir
    private Path directory;

    private ComputeBackend backend;

    @BeforeEach
    void open() {
        backend = Backends.cpu();
    }

    @AfterEach
    void close() {
        backend.close();
    }

    /** Half of everything, and no MLP in layer 1. */
    static Policy policy(ModelSpec spec) {
        Integer[] retained =
                spec.modules().stream().map(module -> (module.units() + 1) / 2).toArray(Integer[]::new);
        retained[3] = 0;
        return new Policy(List.of(retained));
    }

    /** Writes a model that was repaired by its biases. */
    static void write(ComputeBackend backend, Model model, Policy policy, HuggingFaceFormat format, Path output) {
        TokenWindows windows = RunningModel.randomWindows(model.spec(), 12, 20, 4);
        TokenWindows window = windows.subset(new int[] {0});
        NestedModel nested =
                new NestedModel(model.spec(), model, NestedOrder.ofSource(model.spec())).withOutputBiases();
        ModelSpec pruned = nested.pruned(policy);
        try (CheckpointExport export = CheckpointExport.begin(
                        model,
                        pruned,
                        output,
                        new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE)));
                LogitProbe probe = new LogitProbe(backend, model, pruned, null, List.of(window));
                Arena arena = Arena.ofShared()) {
            new PruningPass(
                            backend,
                            Backends.linearAlgebra(),
                            model.ends(),
                            nested,
                            policy,
                            new PruningPass.Repair(DefaultPlugins.calibrator("bias"), CalibrationTarget.PREFIX, null))
                    .run(windows, PrunedLayerSink.all(List.of(export, probe)), layers -> {});
            export.finish();
            assertThat(ReloadCheck.run(format, backend, export.path(), window, probe.logits(arena)))
                    .isLessThan(1e-5);
            export.commit();
        }
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void areWrittenAndReadBack(String family) {
        Path output = directory.resolve("out");
        try (Model model = Model.open(Golden.path(family))) {
            write(backend, model, policy(model.spec()), HuggingFaceFormat.REAL_WIDTHS, output);
            ModelSpec expected = NestedModel.pruned(model.spec().withOutputBiases(), policy(model.spec()));
            try (Model read = Model.open(output)) {
                assertThat(read.spec().parameters()).isEqualTo(expected.parameters());
                assertThat(biases(read))
                        .allSatisfy(bias -> assertThat(sum(bias)).isNotZero());
                assertThat(read.checkpoint().config().path("output_bias").asBoolean())
                        .isEqualTo(Model.hasAddedBiases(model.spec().withOutputBiases()));
            }
        }
    }

    /** Widths that the family's class would take do not help: it has no such biases, and would ignore them. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void callForAClassOfOursWhateverTheWidths(String family) {
        try (Model model = Model.open(Golden.path(family))) {
            ModelSpec biased = model.spec().withOutputBiases();
            if (Model.hasAddedBiases(biased)) {
                assertThat(model.modellingFile(biased)).isPresent();
                Failures.expect(
                        FailureKind.UNSUPPORTED_MODEL,
                        () -> write(
                                backend,
                                model,
                                policy(model.spec()),
                                HuggingFaceFormat.PADDED,
                                directory.resolve("padded")),
                        "biases",
                        "use the format hf");
            } else {
                assertThat(biased).isEqualTo(model.spec());
            }
        }
    }

    private static List<Matrix> biases(Model model) {
        return Stream.iterate(0, layer -> layer < model.spec().layers().size(), layer -> layer + 1)
                .map(model::layer)
                .flatMap(layer -> Stream.of(layer.attention(), layer.mlp()))
                .filter(module -> !module.maps().isEmpty())
                .map(module -> requireNonNull(module.output().bias()))
                .toList();
    }

    private static double sum(Matrix bias) {
        double sum = 0;
        for (int i = 0; i < bias.columns(); i++) {
            sum += Math.abs(bias.get(0, i));
        }
        return sum;
    }
}
