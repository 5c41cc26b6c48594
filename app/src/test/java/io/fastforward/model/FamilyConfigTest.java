package io.fastforward.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Normalization;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What the configs of the families say, and what in them is not supported. */
class FamilyConfigTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void allParametersAreCounted(String family) {
        try (Model model = Model.open(Golden.path(family))) {
            long stored = model.tensors().stream()
                    .filter(tensor ->
                            !model.spec().tiedEmbeddings() || !tensor.name().startsWith("lm_head"))
                    .mapToLong(tensor ->
                            (long) tensor.matrix().rows() * tensor.matrix().columns())
                    .sum();
            assertThat(model.spec().parameters()).isEqualTo(stored);
            assertThat(model.spec().pruned(model.spec().densePolicy())).isEqualTo(model.spec());
        }
    }

    @Test
    void slidingWindowsAreWhereTheConfigSays() {
        assertThat(windows("tiny-mistral")).containsExactly(12, 12, 12);
        assertThat(windows("tiny-qwen2")).containsExactly(0, 0, 0);
        assertThat(windows("tiny-qwen2-untied")).containsExactly(0, 12, 12);
        assertThat(windows("tiny-llama2")).containsExactly(0, 0, 0);
    }

    private static List<Integer> windows(String family) {
        try (Model model = Model.open(Golden.path(family))) {
            return model.spec().layers().stream()
                    .map(layer -> layer.attention().slidingWindow())
                    .toList();
        }
    }

    @Test
    void postNormalisationHasNoFinalOne() {
        try (Model model = Model.open(Golden.path("tiny-opt-post-norm"))) {
            ModelSpec spec = model.spec();
            assertThat(spec.finalNormalization()).isNull();
            assertThat(spec.embeddingSize()).isNotEqualTo(spec.hiddenSize());
            assertThat(spec.modules())
                    .allSatisfy(module ->
                            assertThat(module.normalization().placement()).isEqualTo(Normalization.Placement.AFTER));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiny-opt | activation_function | \"gelu\" | activation_function 'gelu' is not supported",
                "tiny-opt | layer_norm_elementwise_affine | false | layer_norm_elementwise_affine",
                "tiny-qwen2-untied | layer_types | [\"full_attention\",\"linear\",\"linear\"] | layer_types has \"linear\"",
                "tiny-mistral | hidden_act | \"gelu\" | hidden_act 'gelu' is not supported",
                "tiny-mistral | model_type | \"mixtral\" | supported are: llama, mistral, qwen2, opt",
            })
    void whatIsNotSupportedIsNamed(String family, String key, String value, String words) throws IOException {
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> Model.open(changed(family, key, value)).close(),
                "config.json",
                words);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiny-opt | ffn_dim | 0 | ffn_dim",
                "tiny-opt | num_attention_heads | 5 | not a multiple of num_attention_heads 5",
                "tiny-opt | max_position_embeddings | 9 | embed_positions",
                "tiny-qwen2-untied | layer_types | [\"full_attention\"] | layer_types must be a list of 3 texts",
                "tiny-qwen2-untied | max_window_layers | -1 | config.json",
                "tiny-mistral | sliding_window | \"x\" | sliding_window",
            })
    void whatIsDamagedIsNamed(String family, String key, String value, String words) throws IOException {
        Path checkpoint = changed(family, key, value);
        if (key.equals("max_window_layers")) {
            remove(checkpoint, "layer_types");
        }
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(checkpoint).close(), words);
    }

    /** transformers 4 reads the older form alone, and silently takes another θ without it. */
    @Test
    void rotarySettingsAreWrittenForEveryVersion() {
        try (Model model = Model.open(Golden.path("tiny-gqa"))) {
            ObjectNode config = model.config(model.spec());
            assertThat(config.path("rope_theta").doubleValue()).isEqualTo(500);
            assertThat(config.path("rope_parameters").path("rope_theta").doubleValue())
                    .isEqualTo(500);
            assertThat(config.has("rope_scaling")).isFalse();
        }
        try (Model model = Model.open(Golden.path("tiny-llama3"))) {
            ObjectNode source = (ObjectNode) model.checkpoint().config();
            assertThat(model.config(model.spec()).path("rope_scaling")).isEqualTo(source.path("rope_scaling"));
        }
    }

    private Path changed(String family, String key, String value) throws IOException {
        Path copy = Files.createDirectories(directory.resolve("changed"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.path(family).resolve(file), copy.resolve(file));
        }
        Path config = copy.resolve("config.json");
        ObjectNode contents = (ObjectNode) JSON.readTree(config.toFile());
        contents.set(key, JSON.readTree(value));
        JSON.writeValue(config.toFile(), contents);
        return copy;
    }

    private static void remove(Path checkpoint, String key) throws IOException {
        Path config = checkpoint.resolve("config.json");
        ObjectNode contents = (ObjectNode) JSON.readTree(config.toFile());
        contents.remove(key);
        JSON.writeValue(config.toFile(), contents);
    }
}
