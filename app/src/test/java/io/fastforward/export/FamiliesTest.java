package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.generate.Sampling;
import io.fastforward.generate.TextGeneration;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every family and variant against transformers: dense, pruned, written, read back, generating. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FamiliesTest {

    private static final double TOLERANCE = 1e-4; // largest difference ÷ largest logit

    private final ComputeBackend backend = Backends.cpu();

    @AfterAll
    void close() {
        backend.close();
    }

    @Test
    void thereAreGroupedFamilies() {
        assertThat(GoldenPruning.grouped()).hasSizeGreaterThanOrEqualTo(5);
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void logitsEqualTransformers(String family) {
        JsonNode sequences = Golden.read(family + "/expected.json").path("sequences");
        try (ComputeBackend plain = Backends.open("plain-java");
                Model model = Model.open(Golden.path(family))) {
            for (ComputeBackend each : List.of(backend, plain)) {
                try (RunningModel running = new RunningModel(each, model)) {
                    requireLogits(running, sequences);
                }
            }
        }
    }

    /** Leading slices of the nested order against masks in PyTorch. */
    @ParameterizedTest
    @MethodSource("io.fastforward.export.GoldenPruning#prunings")
    void aCandidateEqualsTheMaskedModelInTransformers(String family, AttentionUnit unit) {
        JsonNode sequences = GoldenPruning.expected(family, unit).path("sequences");
        try (Model model = Model.open(Golden.path(family))) {
            GoldenPruning pruning = GoldenPruning.of(backend, model, family, unit);
            assertThat(pruning.pruned().decoderParameters())
                    .isLessThan(model.spec().decoderParameters() * 8 / 10);
            try (RunningModel nested = new RunningModel(backend, model, pruning.spec(), pruning.nested())) {
                for (JsonNode sequence : sequences) {
                    int[] tokens = Golden.ints(sequence.path("tokens"));
                    TokenWindows window = new TokenWindows(tokens.length, 1, tokens);
                    double[] losses = nested.losses(window, pruning.policy());
                    assertThat(losses).containsExactly(new double[] {loss(sequence, model, tokens)}, within(TOLERANCE));
                }
            }
        }
    }

    /** The mean negative log-likelihood of the tokens by the expected logits. */
    private static double loss(JsonNode sequence, Model model, int[] tokens) {
        float[] logits = Golden.floats(sequence.path("logits"));
        int vocabulary = model.spec().vocabularySize();
        double sum = 0;
        for (int position = 0; position < tokens.length - 1; position++) {
            double total = 0;
            for (int token = 0; token < vocabulary; token++) {
                total += Math.exp(logits[position * vocabulary + token]);
            }
            sum += Math.log(total) - logits[position * vocabulary + tokens[position + 1]];
        }
        return sum / (tokens.length - 1);
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.export.GoldenPruning#prunings")
    void whatIsWrittenEqualsTheMaskedModelInTransformers(String family, AttentionUnit unit, @TempDir Path directory) {
        Path pruned = directory.resolve("pruned");
        Path padded = directory.resolve("padded");
        try (Model model = Model.open(Golden.path(family))) {
            GoldenPruning pruning = GoldenPruning.of(backend, model, family, unit);
            assertThat(pruning.write(backend, HuggingFaceFormat.REAL_WIDTHS, pruned))
                    .isZero();
            assertThat(pruning.write(backend, HuggingFaceFormat.PADDED, padded)).isLessThan(1e-5);
            try (Model twin = Model.open(padded)) {
                assertThat(twin.spec()).isEqualTo(model.spec());
                assertThat(twin.checkpoint().config().path("model_type"))
                        .isEqualTo(model.checkpoint().config().path("model_type"));
            }
            assertThat(padded.resolve("modeling_fastforward_" + model.spec().family() + ".py"))
                    .doesNotExist();
            assertThat(pruned.resolve("modeling_fastforward_" + model.spec().family() + ".py"))
                    .exists();
        }
        for (Path written : List.of(pruned, padded)) {
            try (Model model = Model.open(written);
                    RunningModel running = new RunningModel(backend, model)) {
                requireLogits(running, GoldenPruning.expected(family, unit).path("sequences"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void greedyGenerationIsTransformersTokenByToken(String family, @TempDir Path directory) {
        JsonNode expected = Golden.read(family + "/generation.json");
        int[] prompt = Golden.ints(expected.path("prompt"));
        Path pruned = directory.resolve("pruned");
        try (ComputeBackend plain = Backends.open("plain-java");
                Model model = Model.open(Golden.path(family))) {
            assertThat(generate(backend, model, prompt)).containsExactly(Golden.ints(expected.path("generated")));
            assertThat(generate(plain, model, prompt)).containsExactly(Golden.ints(expected.path("generated")));
            GoldenPruning.of(backend, model, family, AttentionUnit.KV_GROUP)
                    .write(backend, HuggingFaceFormat.REAL_WIDTHS, pruned);
        }
        try (Model model = Model.open(pruned)) {
            assertThat(generate(backend, model, prompt)).containsExactly(Golden.ints(expected.path("prunedGenerated")));
        }
    }

    private static int[] generate(ComputeBackend backend, Model model, int[] prompt) {
        int count = 64;
        try (LayerSource layers = LayerSource.resident(backend, model.spec(), model);
                IncrementalDecoder decoder = new IncrementalDecoder(
                        backend, layers, model.ends(), model.spec().densePolicy(), prompt.length + count)) {
            return new TextGeneration(new Sampling(0, 1), count, Set.of(), 1).run(decoder, prompt, tokens -> {});
        }
    }

    /** Equal widths need no class of ours, where the family's own takes them. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void equalWidthsAreWrittenPlainly(String family, @TempDir Path directory) {
        Path output = directory.resolve("pruned");
        try (Model model = Model.open(Golden.path(family))) {
            List<Integer> retained = model.spec().modules().stream()
                    .map(module -> module.featuresPerUnit() == 1 ? module.units() - 8 : module.units())
                    .toList();
            var narrower = model.spec().pruned(new Policy(retained));
            assertThat(model.modellingFile(narrower)).isEmpty();
            CheckpointExport.Form settings =
                    new CheckpointExport.Form(HuggingFaceFormat.REAL_WIDTHS, new WriteSettings(null, Long.MAX_VALUE));
            try (CheckpointExport export = CheckpointExport.begin(model, narrower, output, settings)) {
                for (int layer = 0; layer < narrower.layers().size(); layer++) {
                    export.accept(
                            layer, NestedModel.cut(narrower.layers().get(layer), model.layer(layer), Arena.ofAuto()));
                }
                export.finish();
                export.commit();
            }
            try (Model plain = Model.open(output)) {
                assertThat(plain.spec()).isEqualTo(narrower);
                assertThat(plain.checkpoint().config().path("model_type").asText())
                        .isEqualTo(model.spec().family());
                assertThat(plain.checkpoint().config().has("auto_map")).isFalse();
            }
            assertThat(Files.exists(output.resolve(
                            "modeling_fastforward_" + model.spec().family() + ".py")))
                    .isFalse();
        }
    }

    private static void requireLogits(RunningModel running, JsonNode sequences) {
        assertThat(sequences).isNotEmpty();
        for (JsonNode sequence : sequences) {
            float[] logits = running.logits(Golden.ints(sequence.path("tokens")));
            assertThat(Golden.relativeDifference(Golden.floats(sequence.path("logits")), logits))
                    .isLessThan(TOLERANCE);
        }
    }
}
