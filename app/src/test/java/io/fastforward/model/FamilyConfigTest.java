package io.fastforward.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
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
                "tiny-mistral | layer_types | [\"full_attention\",\"sliding_attention\",\"full_attention\"] | alternate",
                "tiny-opt | per_layer_config | {\"0\":{\"ffn_dim\":32}} | per_layer_config",
                "tiny-llama2 | is_causal | false | is_causal false",
                "tiny-llama2 | transformers_weights | \"other.safetensors\" | transformers_weights 'other.safetensors'",
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
                "tiny-mistral | sliding_window | 0 | sliding_window",
                "tiny-qwen2 | layer_types | [\"full_attention\",\"sliding_attention\",\"full_attention\"] | no sliding_window in use",
            })
    void whatIsDamagedIsNamed(String family, String key, String value, String words) throws IOException {
        Path checkpoint = changed(family, key, value);
        if (key.equals("max_window_layers")) {
            remove(checkpoint, "layer_types");
        }
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(checkpoint).close(), words);
    }

    /** The plain classes of all versions know the older form; those of ours have the newer one alone. */
    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void everySettingIsWrittenOnce(String family) {
        try (Model model = Model.open(Golden.path(family))) {
            boolean rotary = model.spec().positions() == null;
            JsonNode plain = model.config(model.unprunedSpec(), null);
            assertThat(keys(plain)).doesNotContain("rope_parameters", "dtype").contains("torch_dtype");
            assertThat(plain.has("rope_theta")).isEqualTo(rotary);
            List<Integer> one = Collections.nCopies(model.spec().modules().size(), 1);
            List<Integer> uneven = new ArrayList<>(one);
            uneven.set(1, 2);
            JsonNode own = model.config(model.spec().pruned(new Policy(uneven)), DataType.F16);
            assertThat(keys(own)).doesNotContain("rope_theta", "rope_scaling", "dtype");
            assertThat(own.path("torch_dtype").asText()).isEqualTo("float16");
            assertThat(own.has("rope_parameters")).isEqualTo(rotary);
            if (rotary) {
                RotarySettings read =
                        RotarySettings.read(new Config(model.checkpoint().config()), 512);
                assertThat(RotarySettings.read(new Config(plain), 512)).isEqualTo(read);
                assertThat(RotarySettings.read(new Config(own), 512)).isEqualTo(read);
            }
        }
    }

    /** Other keys that say the same, or what is true of the source alone. */
    @Test
    void whatContradictsTheWeightsIsNotCarriedOver() throws IOException {
        Path checkpoint = changed("tiny-llama3", "quantization_config", "{\"quant_method\":\"bitsandbytes\"}");
        set(checkpoint, "dtype", "\"float32\"");
        set(checkpoint, "torch_dtype", "\"float16\"");
        set(checkpoint, "rope_parameters", "{\"rope_type\":\"default\",\"rope_theta\":7.0}");
        set(checkpoint, "pruned_heads", "{\"0\":[1]}");
        try (Model model = Model.open(checkpoint);
                Model source = Model.open(Golden.path("tiny-llama3"))) {
            assertThat(model.spec()).isEqualTo(source.spec());
            assertThat(model.remarks())
                    .hasSize(3)
                    .allSatisfy(line -> assertThat(line).contains(checkpoint.toString()))
                    .anySatisfy(line -> assertThat(line).contains("quantization_config"))
                    .anySatisfy(line -> assertThat(line).contains("dtype and torch_dtype"))
                    .anySatisfy(line -> assertThat(line).contains("rope_scaling and rope_parameters"));
            assertThat(model.config(model.spec(), null)).isEqualTo(source.config(source.spec(), null));
        }
    }

    /** What is not taken need not be supported. */
    @Test
    void aScalingThatIsNotTakenIsARemark() throws IOException {
        Path checkpoint = changed("tiny-llama3", "rope_parameters", "{\"rope_type\":\"yarn\",\"factor\":2}");
        try (Model model = Model.open(checkpoint)) {
            assertThat(model.remarks())
                    .singleElement()
                    .satisfies(line -> assertThat(line).contains("rope_parameters", "llama3"));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "tiny-mistral | sliding_window | null | 0",
                "tiny-qwen2-untied | sliding_window | null | 0",
                "tiny-mistral | layer_types | [\"full_attention\",\"full_attention\",\"full_attention\"] | 0",
                "tiny-mistral | layer_types | [\"sliding_attention\",\"sliding_attention\",\"sliding_attention\"] | 12",
                "tiny-llama2 | layer_types | [\"sliding_attention\",\"sliding_attention\",\"sliding_attention\"] | 0",
            })
    void windowsAreThoseOfTransformers(String family, String key, String value, int window) throws IOException {
        Path checkpoint = changed(family, key, value);
        if (key.equals("sliding_window")) {
            remove(checkpoint, "layer_types");
        }
        try (Model model = Model.open(checkpoint)) {
            assertThat(model.spec().layers())
                    .allSatisfy(layer ->
                            assertThat(layer.attention().slidingWindow()).isEqualTo(window));
            if (family.equals("tiny-mistral")) {
                JsonNode config = model.config(model.spec(), null);
                assertThat(config.has("layer_types")).isFalse();
                assertThat(config.path("sliding_window").asInt(0)).isEqualTo(window);
            }
        }
    }

    /** The classes have defaults of their own. */
    @Test
    void whatIsMissingIsAsInTheClassOfTheFamily() throws IOException {
        Path mistral = changed("tiny-mistral", "sliding_window", "5");
        remove(mistral, "sliding_window");
        try (Model model = Model.open(mistral)) {
            assertThat(model.spec().layers().getFirst().attention().slidingWindow())
                    .isEqualTo(4096);
        }
        remove(mistral, "num_key_value_heads");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(mistral).close(), "k_proj.weight", "[24, 32]");
        set(mistral, "num_attention_heads", "4");
        set(mistral, "head_dim", "12");
        set(mistral, "num_key_value_heads", "null");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(mistral).close(), "k_proj.weight", "[48, 32]");
    }

    private Path changed(String family, String key, String value) throws IOException {
        Path copy = Files.createDirectories(directory.resolve("changed"));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.path(family).resolve(file), copy.resolve(file));
        }
        set(copy, key, value);
        return copy;
    }

    private static List<String> keys(JsonNode config) {
        List<String> keys = new ArrayList<>();
        config.fieldNames().forEachRemaining(keys::add);
        return keys;
    }

    private static void set(Path checkpoint, String key, String value) throws IOException {
        Path config = checkpoint.resolve("config.json");
        ObjectNode contents = (ObjectNode) JSON.readTree(config.toFile());
        contents.set(key, JSON.readTree(value));
        JSON.writeValue(config.toFile(), contents);
    }

    private static void remove(Path checkpoint, String key) throws IOException {
        Path config = checkpoint.resolve("config.json");
        ObjectNode contents = (ObjectNode) JSON.readTree(config.toFile());
        contents.remove(key);
        JSON.writeValue(config.toFile(), contents);
    }
}
