package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.evaluate.Perplexity;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.NestedModel;
import io.fastforward.nested.UnitRanking;
import io.fastforward.prune.CalibrationTarget;
import io.fastforward.prune.LogitProbe;
import io.fastforward.prune.PrunedLayerSink;
import io.fastforward.prune.PruningPass;
import io.fastforward.prune.ScoringPass;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DefaultPlugins;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TextSettings;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TextUnit;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.TokenizedText;
import io.fastforward.tokenizer.Tokenizer;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A trained checkpoint that others made: raincandy-u/TinyStories-656K, with tied embeddings stored as the head alone. It
 * is not ours to bundle; the test looks for it in the directory that the system property {@code fastforward.models} or
 * the environment variable {@code FASTFORWARD_MODELS} names, or in {@code shared/models} beside the project.
 */
class FoundCheckpointTest {

    private static final String NAME = "TinyStories-656K";

    @Test
    void isEvaluatedAndPruned(@TempDir Path directory) {
        Optional<Path> checkpoint = find();
        assumeTrue(
                checkpoint.isPresent(),
                NAME + " is in none of " + candidates() + "; set -Dfastforward.models or FASTFORWARD_MODELS");
        Path output = directory.resolve("pruned");
        try (ComputeBackend cpu = Backends.cpu();
                ComputeBackend plain = Backends.open("plain-java");
                Model model = Model.open(checkpoint.orElseThrow())) {
            model.requireFinite(null);
            assertThat(model.spec().tiedEmbeddings()).isTrue();
            assertThat(perplexity(cpu, model, checkpoint.orElseThrow())).isCloseTo(82.7658635, withinPercentage(0.1));
            assertThat(model.endTensors()).extracting(NamedTensor::name).containsExactly("model.embed_tokens.weight");
            TokenWindows windows = RunningModel.randomWindows(model.spec(), 48, 8, 3);
            TokenWindows one = windows.subset(new int[1]);
            try (RunningModel fast = new RunningModel(cpu, model);
                    RunningModel exact = new RunningModel(plain, model)) {
                assertThat(fast.losses(one)).containsExactly(exact.losses(one), within(1e-4));
            }
            Policy half = new Policy(model.spec().modules().stream()
                    .map(module -> Math.max(1, module.units() / 2))
                    .toList());
            prune(cpu, model, half, windows, output);
            try (Model pruned = Model.open(output)) {
                assertThat(pruned.spec().densePolicy()).isEqualTo(half);
                assertThat(pruned.spec().parameters()).isLessThan(model.spec().parameters());
            }
        }
    }

    /**
     * On the demo's validation text as one document, 20 windows of 512 tokens. transformers gives 82.7658635 for the tokens
     * of tokenizer.json; the tokenizer class that it makes for this model by default drops unknown characters.
     */
    private static double perplexity(ComputeBackend backend, Model model, Path checkpoint) {
        try (Tokenizer tokenizer = Tokenizer.open(checkpoint);
                RunningModel running = new RunningModel(backend, model)) {
            int[] tokens = TokenizedText.read(
                            TextSource.text(DemoModel.directory().resolve("validation.txt")),
                            TextSettings.of(TextUnit.FILE),
                            tokenizer)
                    .ids();
            assertThat(tokens).hasSize(64_026);
            return Perplexity.measure(
                            running.decoder(),
                            TokenWindows.consecutive(tokens, 512, 20),
                            model.spec().densePolicy())
                    .perplexity();
        }
    }

    private static void prune(ComputeBackend backend, Model model, Policy policy, TokenWindows windows, Path output) {
        Criterion wanda = DefaultPlugins.criterion("wanda");
        UnitRanking ranking = new ScoringPass(
                        backend,
                        Backends.linearAlgebra(),
                        model.spec(),
                        model,
                        ScoringPass.Wanted.scores(wanda, policy))
                .run(model.ends(), windows, (module, units, map) -> "", layers -> {});
        TokenWindows window = windows.subset(new int[1]);
        ModelSpec pruned = model.spec().pruned(policy);
        try (CheckpointExport export = CheckpointExport.begin(
                        model,
                        pruned,
                        output,
                        new CheckpointExport.Form(
                                HuggingFaceFormat.REAL_WIDTHS, new WriteSettings(null, Long.MAX_VALUE)));
                LogitProbe probe = new LogitProbe(backend, model, pruned, null, List.of(window));
                Arena arena = Arena.ofShared()) {
            PruningPass.Repair ridge =
                    new PruningPass.Repair(DefaultPlugins.calibrator("ridge"), CalibrationTarget.PREFIX, null);
            new PruningPass(
                            backend,
                            Backends.linearAlgebra(),
                            model.ends(),
                            new NestedModel(model.spec(), model, ranking.order()),
                            policy,
                            ridge)
                    .run(windows, PrunedLayerSink.all(List.of(export, probe)), layers -> {});
            export.finish();
            assertThat(ReloadCheck.run(
                            HuggingFaceFormat.REAL_WIDTHS, backend, export.path(), window, probe.logits(arena)))
                    .isZero();
            export.commit();
        }
    }

    private static Optional<Path> find() {
        return candidates().stream()
                .map(models -> models.resolve(NAME))
                .filter(Files::isDirectory)
                .findFirst();
    }

    /** Tests run in the module's directory, two below the one that holds the project. */
    private static List<Path> candidates() {
        return Stream.of(
                        Optional.ofNullable(System.getProperty("fastforward.models")),
                        Optional.ofNullable(System.getenv("FASTFORWARD_MODELS")),
                        Optional.of("../../shared/models"))
                .flatMap(Optional::stream)
                .map(Path::of)
                .toList();
    }
}
