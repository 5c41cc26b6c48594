package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.failure.FailureKind;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.NestedOrder;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models of every family from which whole modules are gone: the attention of layer 0, layer 1, the MLP of layer 2. */
class WholeModulesTest {

    private static final int[] TOKENS = {5, 17, 3, 42, 8, 8, 29, 11, 1, 60, 33, 2};

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

    static Policy policy(ModelSpec spec) {
        List<LayerSpec> layers = spec.layers();
        return new Policy(List.of(
                0,
                layers.get(0).mlp().channels() - 3,
                0,
                0,
                layers.get(2).attention().units(),
                0));
    }

    /** A model in which the modules that a policy takes away add zeros: right where the normalisation is before. */
    private static WeightSource zeroed(Model model, Policy policy) {
        return (layer, arena) -> {
            LayerWeights stored = model.layer(layer);
            ModuleWeights attention = stored.attention();
            ModuleWeights mlp = stored.mlp();
            int channels = policy.channels(layer);
            return new LayerWeights(
                    policy.attentionUnits(layer) == 0 ? withoutLast(attention, 0, arena) : attention,
                    withoutLast(mlp, channels, arena));
        };
    }

    /** A module whose output map sees its leading features alone; without any, its bias is gone too. */
    private static ModuleWeights withoutLast(ModuleWeights module, int features, Arena arena) {
        Linear output = WeightCopy.of(module.output(), null, arena);
        Matrix bias = output.bias();
        for (int row = 0; row < output.weight().rows(); row++) {
            for (int column = features; column < output.weight().columns(); column++) {
                output.weight().set(row, column, 0);
            }
            if (features == 0 && bias != null) {
                bias.set(0, row, 0);
            }
        }
        return module.with(Map.of(module.maps().lastEntry().getKey(), output));
    }

    private static boolean normalisesBefore(Model model) {
        return model.spec().layers().getFirst().mlp().normalization().placement() == Normalization.Placement.BEFORE;
    }

    static void write(ComputeBackend backend, Model model, HuggingFaceFormat format, Path output) {
        ModelSpec spec = model.spec();
        Policy policy = policy(spec);
        TokenWindows window = new TokenWindows(TOKENS.length, 1, TOKENS);
        PruningPass.Repair none =
                new PruningPass.Repair(DefaultPlugins.calibrator("none"), CalibrationTarget.DENSE, null);
        try (CheckpointExport export = CheckpointExport.begin(
                        model,
                        spec.pruned(policy),
                        output,
                        new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE)));
                LogitProbe probe = new LogitProbe(backend, model, spec.pruned(policy), null, List.of(window));
                Arena arena = Arena.ofShared()) {
            new PruningPass(
                            backend,
                            Backends.linearAlgebra(),
                            model.ends(),
                            new NestedModel(spec, model, NestedOrder.ofSource(spec)),
                            policy,
                            none)
                    .run(window, PrunedLayerSink.all(List.of(export, probe)), layers -> {});
            export.finish();
            ReloadCheck.run(format, backend, export.path(), window, probe.logits(arena));
            export.commit();
        }
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void areTheIdentity(String family) {
        Path output = directory.resolve("out");
        try (Model model = Model.open(Golden.path(family))) {
            Policy policy = policy(model.spec());
            write(backend, model, HuggingFaceFormat.REAL_WIDTHS, output);
            try (Model written = Model.open(output);
                    RunningModel running = new RunningModel(backend, written);
                    RunningModel dense = new RunningModel(backend, model)) {
                assertThat(written.spec().layers()).hasSize(2);
                assertThat(written.unprunedLayers()).isEqualTo(3);
                assertThat(written.spec().densePolicy().retained())
                        .isEqualTo(List.of(0, policy.channels(0), policy.attentionUnits(2), 0));
                assertThat(written.spec().parameters())
                        .isEqualTo(model.spec().pruned(policy).parameters());
                assertThat(written.remarks()).isEqualTo(model.remarks());

                float[] logits = running.logits(TOKENS);
                TokenWindows windows = RunningModel.randomWindows(model.spec(), 12, 3, 5);
                assertThat(running.losses(windows)).containsExactly(dense.losses(windows, policy), within(1e-5));
                if (normalisesBefore(model)) {
                    try (RunningModel reference =
                            new RunningModel(backend, model, model.spec(), zeroed(model, policy))) {
                        assertThat(logits).containsExactly(reference.logits(TOKENS), within(1e-4f));
                    }
                }
                assertThat(lastLogits(written)).containsExactly(lastRow(logits, written.spec()), within(1e-4f));
            }
        }
    }

    /** Read bit by bit, as in generation. */
    private float[] lastLogits(Model model) {
        try (LayerSource layers = LayerSource.resident(backend, model.spec(), model);
                IncrementalDecoder decoder = new IncrementalDecoder(
                        backend, layers, model.ends(), model.spec().densePolicy(), TOKENS.length)) {
            decoder.skip(Arrays.copyOf(TOKENS, 4));
            decoder.skip(9, 9);
            decoder.truncate(4);
            return decoder.read(Arrays.copyOfRange(TOKENS, 4, TOKENS.length));
        }
    }

    private static float[] lastRow(float[] logits, ModelSpec spec) {
        return Arrays.copyOfRange(logits, logits.length - spec.vocabularySize(), logits.length);
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void areZerosWherePaddedIfThatIsTheSame(String family) {
        Path output = directory.resolve("out");
        try (Model model = Model.open(Golden.path(family))) {
            if (!normalisesBefore(model)) {
                Failures.expect(
                        FailureKind.UNSUPPORTED_MODEL,
                        () -> write(backend, model, HuggingFaceFormat.PADDED, output),
                        "'opt'",
                        "normalises after");
                assertThat(output).doesNotExist();
                return;
            }
            write(backend, model, HuggingFaceFormat.PADDED, output);
            try (Model written = Model.open(output);
                    RunningModel running = new RunningModel(backend, written);
                    RunningModel reference =
                            new RunningModel(backend, model, model.spec(), zeroed(model, policy(model.spec())))) {
                assertThat(written.spec().densePolicy()).isEqualTo(model.spec().densePolicy());
                assertThat(running.logits(TOKENS)).containsExactly(reference.logits(TOKENS), within(1e-4f));
            }
        }
    }

    /** What was written can be filled up again, although nothing says any more what data type its modules had. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void areFilledUpFromAPrunedCheckpoint(String family) {
        Path pruned = directory.resolve("pruned");
        Path padded = directory.resolve("padded");
        try (Model model = Model.open(Golden.path(family))) {
            write(backend, model, HuggingFaceFormat.REAL_WIDTHS, pruned);
            if (!normalisesBefore(model)) {
                return;
            }
        }
        try (Model model = Model.open(pruned)) {
            CheckpointExport.Form settings =
                    new CheckpointExport.Form(HuggingFaceFormat.PADDED, new WriteSettings(null, Long.MAX_VALUE));
            try (CheckpointExport export = CheckpointExport.begin(model, model.spec(), padded, settings)) {
                for (int i = 0; i < model.spec().layers().size(); i++) {
                    export.accept(i, model.layer(i));
                }
                export.finish();
                export.commit();
            }
        }
        assertThat(RunningModel.logitsOf(backend, padded, TOKENS))
                .containsExactly(RunningModel.logitsOf(backend, pruned, TOKENS), within(1e-4f));
    }
}
