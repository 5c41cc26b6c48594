package io.fastforward.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelTest {

    @TempDir
    Path directory;

    @Test
    void theArchitectureIsThatOfTheConfig() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            ModelSpec spec = model.spec();
            assertThat(spec.family()).isEqualTo("llama");
            assertThat(spec.vocabularySize()).isEqualTo(20);
            assertThat(spec.contextLength()).isEqualTo(64);
            assertThat(spec.tiedEmbeddings()).isFalse();
            assertThat(spec.densePolicy()).isEqualTo(new Policy(List.of(3, 10, 3, 10)));
            assertThat(spec.layers()).hasSize(2).allSatisfy(layer -> {
                assertThat(layer.attention().queriesPerGroup()).isEqualTo(2);
                assertThat(layer.attention().headSize()).isEqualTo(4);
                assertThat(layer.attention().inputBias()).isTrue();
                assertThat(layer.attention().outputBias()).isTrue();
                assertThat(layer.mlp().gated()).isTrue();
                assertThat(layer.mlp().inputBias()).isTrue();
                assertThat(layer.mlp().outputBias()).isTrue();
            });
        }
    }

    /** Counted from the tensors that are there. */
    @Test
    void parametersAreCounted() {
        for (Path checkpoint : List.of(
                DemoModel.directory(),
                Golden.path("tiny-gqa"),
                Golden.path("tiny-llama3"),
                new RandomLlama().write(directory))) {
            try (Model model = Model.open(checkpoint)) {
                assertThat(model.spec().parameters())
                        .isEqualTo(model.tensors().stream()
                                .mapToLong(tensor -> (long) tensor.matrix().rows()
                                        * tensor.matrix().columns())
                                .sum());
                assertThat(model.spec().decoderParameters())
                        .isEqualTo(model.tensors().stream()
                                .filter(tensor -> tensor.name().contains("_proj"))
                                .mapToLong(tensor -> (long) tensor.matrix().rows()
                                        * tensor.matrix().columns())
                                .sum());
            }
        }
    }

    @Test
    void layersMayHaveWidthsOfTheirOwn() {
        RandomLlama llama = new RandomLlama()
                .with("model_type", "\"fastforward_llama\"")
                .with("layer_head_num", "[2,6]")
                .with("layer_kv_head_num", "[1,3]")
                .with("layer_inter_size", "[10,4]");
        try (Model model = Model.open(llama.write(directory))) {
            assertThat(model.spec().family()).isEqualTo("llama");
            assertThat(model.spec().densePolicy()).isEqualTo(new Policy(List.of(1, 10, 3, 4)));
            assertThat(model.unprunedSpec().densePolicy()).isEqualTo(new Policy(List.of(3, 10, 3, 10)));
            assertThat(model.layer(0).attention().map(MapRole.QUERY).weight().rows())
                    .isEqualTo(8);
            assertThat(model.layer(1).mlp().output().weight().columns()).isEqualTo(4);
        }
    }

    @Test
    void layersMayHaveValuesOfTheirOwnWidth() {
        RandomLlama llama = new RandomLlama()
                .with("model_type", "\"fastforward_llama\"")
                .with("layer_head_num", "[2,0]")
                .with("layer_kv_head_num", "[1,0]")
                .with("layer_value_head_dim", "[3,0]");
        try (Model model = Model.open(llama.write(directory))) {
            AttentionSpec attention = model.spec().layers().getFirst().attention();
            assertThat(attention.valueSize()).isEqualTo(3);
            assertThat(model.layer(0).attention().map(MapRole.VALUE).weight().rows())
                    .isEqualTo(3);
            assertThat(model.layer(0).attention().output().weight().columns()).isEqualTo(6);
            assertThat(model.spec().layers().getLast().attention().isIdentity()).isTrue();
            assertThat(model.unprunedSpec().layers().getFirst().attention().valueSize())
                    .isEqualTo(4);
            JsonNode config = model.config(model.spec(), null);
            assertThat(Golden.ints(config.path("layer_value_head_dim"))).containsExactly(3, 0);
        }
    }

    /** Equal layers of the family's own class have values as wide as keys; what has not is never written as one. */
    @Test
    void aConfigListsValuesWhereTheyDiffer() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            ModelSpec channels = model.spec().withAttentionUnit(AttentionUnit.VALUE_CHANNEL);
            JsonNode config = model.config(NestedModel.pruned(channels, new Policy(List.of(3, 10, 3, 10))), null);
            assertThat(config.path("model_type").asText()).isEqualTo("fastforward_llama");
            assertThat(Golden.ints(config.path("layer_value_head_dim"))).containsExactly(3, 3);
            assertThat(Golden.ints(config.path("layer_head_num"))).containsExactly(6, 6);
            config = model.config(NestedModel.pruned(channels, new Policy(List.of(4, 7, 4, 10))), null);
            assertThat(config.has("layer_value_head_dim")).isFalse();
            config = model.config(NestedModel.pruned(channels, channels.densePolicy()), null);
            assertThat(config.path("model_type").asText()).isEqualTo("llama");
        }
    }

    @Test
    void aPrunedConfigListsTheLayers() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            JsonNode config = model.config(model.spec().pruned(new Policy(List.of(2, 7, 1, 10))), null);
            assertThat(config.path("model_type").asText()).isEqualTo("fastforward_llama");
            assertThat(config.path("architectures").path(0).asText()).isEqualTo("FastForwardLlamaForCausalLM");
            assertThat(config.path("head_dim").intValue()).isEqualTo(4);
            assertThat(Golden.ints(config.path("layer_head_num"))).containsExactly(4, 2);
            assertThat(Golden.ints(config.path("layer_kv_head_num"))).containsExactly(2, 1);
            assertThat(Golden.ints(config.path("layer_inter_size"))).containsExactly(7, 10);
            // The sizes of the source stay, so that the share that was removed can be told.
            assertThat(config.path("intermediate_size").intValue()).isEqualTo(10);
            assertThat(config.path("num_attention_heads").intValue()).isEqualTo(6);
            assertThat(model.checkpoint().config().path("model_type").asText()).isEqualTo("llama");
        }
    }

    /** It no longer follows from hidden size and heads. */
    @Test
    void aPrunedConfigStatesTheHeadSize() {
        new RandomLlama().with("hidden_size", "24").write(directory);
        new RandomLlama().with("hidden_size", "24").without("head_dim").writeConfig(directory);
        try (Model model = Model.open(directory)) {
            JsonNode config = model.config(model.spec().pruned(new Policy(List.of(2, 7, 1, 10))), null);
            assertThat(config.path("head_dim").intValue()).isEqualTo(4);
        }
    }

    @Test
    void aPolicyOfAnotherModelIsRefused() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            assertThatThrownBy(() -> model.spec().pruned(new Policy(List.of(1, 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("1 layers", "2");
            assertThatThrownBy(() -> model.spec().pruned(new Policy(List.of(1, 1, 4, 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("4 units of attention", "layer 1", "3");
            assertThatThrownBy(() -> model.spec().pruned(new Policy(List.of(1, 11, 1, 1))))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll("11 MLP channels", "layer 0", "10");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.embed_tokens.weight",
                "lm_head.weight",
                "model.norm.weight",
                "model.layers.1.self_attn.k_proj.bias",
                "model.layers.0.mlp.gate_proj.weight",
            })
    void aMissingTensorIsNamed(String name) {
        new RandomLlama().withoutTensor(name).write(directory);
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(directory).close(), name);
    }

    @Test
    void aTensorOfAnotherShapeIsNamed() {
        new RandomLlama().write(directory);
        new RandomLlama().with("intermediate_size", "11").writeConfig(directory);
        Failures.expect(
                FailureKind.BAD_CHECKPOINT,
                () -> Model.open(directory).close(),
                "model.layers.0.mlp.gate_proj.weight",
                "[10, 12]",
                "[11, 12]");
    }

    /** transformers computes without what its classes do not have, and says so. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "model.layers.0.self_attn.q_norm.weight",
                "model.layers.2.mlp.up_proj.weight",
                "lm_head.bias",
                "score.weight"
            })
    void aTensorThatTheArchitectureDoesNotHaveIsAWarning(String name) {
        new RandomLlama().extraTensor(name, 12).write(directory);
        try (Model model = Model.open(directory)) {
            assertThat(model.remarks())
                    .singleElement()
                    .satisfies(line ->
                            assertThat(line).startsWith("Warning: " + directory).contains("a tensor ('" + name + "')"));
            assertThat(model.tensors()).noneMatch(tensor -> tensor.name().equals(name));
        }
    }

    @Test
    void biasesThatTheConfigDeniesAreAWarning() {
        new RandomLlama().write(directory);
        new RandomLlama().with("mlp_bias", "false").writeConfig(directory);
        try (Model model = Model.open(directory)) {
            assertThat(model.remarks())
                    .singleElement()
                    .satisfies(line -> assertThat(line)
                            .startsWith("Warning: ")
                            .contains("6 tensors (such as 'model.layers.0.mlp.down_proj.bias')"));
        }
    }

    @Test
    void buffersOfOldCheckpointsAreNoted() {
        new RandomLlama()
                .extraTensor("model.layers.0.self_attn.rotary_emb.inv_freq", 2)
                .extraTensor("model.layers.0.self_attn.rotary_emb.cos_cached", 2)
                .extraTensor("model.layers.1.self_attn.masked_bias", 1)
                .write(directory);
        try (Model model = Model.open(directory)) {
            assertThat(model.tensors()).noneMatch(tensor -> tensor.name().contains("rotary"));
            assertThat(model.remarks())
                    .singleElement()
                    .satisfies(line -> assertThat(line)
                            .startsWith("Note: " + directory)
                            .contains("3 tensors (such as 'model.layers.0.self_attn.rotary_emb.cos_cached')"));
        }
    }

    @Test
    void aPlainCheckpointHasNoRemarks() {
        try (Model model = Model.open(new RandomLlama().write(directory))) {
            assertThat(model.remarks()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "model.embed_tokens.weight, NaN",
        "model.layers.0.input_layernorm.weight, -Infinity",
        "model.layers.1.self_attn.v_proj.bias, NaN",
        "model.layers.1.mlp.down_proj.weight, Infinity",
        "model.norm.weight, NaN",
        "lm_head.weight, Infinity",
    })
    void weightsThatAreNotFiniteAreNamed(String name, float value) {
        for (DataType type : DataType.values()) {
            Path checkpoint = directory.resolve(type.name());
            new RandomLlama().stored(type).poison(name, value).write(checkpoint);
            try (Model model = Model.open(checkpoint)) {
                Failures.expect(
                        FailureKind.NOT_FINITE,
                        () -> model.requireFinite(null),
                        checkpoint.toString(),
                        "'" + name + "'");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(DataType.class)
    void weightsUpToTheLargestAreFinite(DataType type) {
        float largest = switch (type) {
            case F32 -> Float.MAX_VALUE;
            case F16 -> 65504;
            case BF16 -> Float.intBitsToFloat(0x7F7F0000);
        };
        new RandomLlama().stored(type).poison("lm_head.weight", -largest).write(directory);
        try (Model model = Model.open(directory)) {
            assertThat(model.ends().head().head().weight().get(19, 11)).isEqualTo(-largest);
            model.requireFinite(null);
        }
    }

    /** What is rounded down to the largest number of a data type fits, what is rounded up to infinity does not. */
    @ParameterizedTest
    @CsvSource({
        "F16, 65519.99, 65520, 65504, use <export.dataType> BF16 or F32",
        "F16, -65519.99, -70000, 65504, use <export.dataType> BF16 or F32",
        "BF16, 3.39e38, 3.4e38, 3.3895314E38, use <export.dataType> F32",
    })
    void weightsThatOverflowInTheDataTypeToWriteAreNamed(
            DataType type, float fits, float overflows, String largest, String advice) {
        Path fitting = new RandomLlama().poison("model.norm.weight", fits).write(directory.resolve("fits"));
        try (Model model = Model.open(fitting)) {
            model.requireFinite(type);
        }
        Path large = new RandomLlama().poison("model.norm.weight", overflows).write(directory.resolve("overflows"));
        try (Model model = Model.open(large)) {
            model.requireFinite(null);
            model.requireFinite(DataType.F32);
            Failures.expect(
                    FailureKind.NOT_FINITE,
                    () -> model.requireFinite(type),
                    "'model.norm.weight' holds " + overflows,
                    "largest number of " + type + " is " + largest,
                    advice);
        }
    }

    @Test
    void tiedEmbeddingsAreStoredUnderEitherNameOrBoth() {
        Path own = tied().write(directory.resolve("own"));
        requireTied(own);
        Path shared = tied().withoutTensor("model.embed_tokens.weight")
                .extraTensor("lm_head.weight", 20, 12)
                .write(directory.resolve("shared"));
        requireTied(shared);
        for (DataType type : DataType.values()) {
            requireTied(tied().zero("model.embed_tokens.weight")
                    .extraTensor("lm_head.weight", 20, 12)
                    .zero("lm_head.weight")
                    .stored("lm_head.weight", type)
                    .write(directory.resolve("both" + type)));
        }
        Path none = tied().withoutTensor("model.embed_tokens.weight").write(directory.resolve("none"));
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> Model.open(none).close(), "model.embed_tokens.weight");
    }

    private static RandomLlama tied() {
        return new RandomLlama().with("tie_word_embeddings", "true");
    }

    private static void requireTied(Path checkpoint) {
        try (Model model = Model.open(checkpoint)) {
            assertThat(model.spec().tiedEmbeddings()).isTrue();
            assertThat(model.remarks()).isEmpty();
            assertThat(model.endTensors()).extracting(NamedTensor::name).containsExactly("model.embed_tokens.weight");
            assertThat(Golden.elements(model.ends().head().head().weight()))
                    .isEqualTo(Golden.elements(model.ends().embedding()));
        }
    }

    /** As transformers 5 does, whatever the config says; a single weight is enough. */
    @ParameterizedTest
    @EnumSource(DataType.class)
    void aHeadThatDiffersIsNotTied(DataType type) {
        RandomLlama llama = tied().zero("model.embed_tokens.weight")
                .extraTensor("lm_head.weight", 20, 12)
                .zero("lm_head.weight")
                .poison("lm_head.weight", 0.5f)
                .stored("lm_head.weight", type);
        try (Model model = Model.open(llama.write(directory))) {
            assertThat(model.spec().tiedEmbeddings()).isFalse();
            assertThat(model.unprunedSpec().tiedEmbeddings()).isFalse();
            assertThat(model.ends().embedding().get(19, 11)).isZero();
            assertThat(model.ends().head().head().weight().get(19, 11)).isEqualTo(0.5f);
            assertThat(model.spec().parameters())
                    .isEqualTo(model.tensors().stream()
                            .mapToLong(tensor -> (long) tensor.matrix().rows()
                                    * tensor.matrix().columns())
                            .sum());
            assertThat(model.config(model.spec(), null)
                            .path("tie_word_embeddings")
                            .booleanValue())
                    .isFalse();
            assertThat(model.remarks())
                    .singleElement()
                    .satisfies(line ->
                            assertThat(line).startsWith("Warning: " + directory).contains("tie_word_embeddings"));
        }
    }

    @Test
    void anUntiedModelWithoutHeadIsExplained() {
        new RandomLlama().withoutTensor("lm_head.weight").write(directory);
        Failures.expect(
                FailureKind.BAD_CHECKPOINT,
                () -> Model.open(directory).close(),
                "has no lm_head.weight",
                "set tie_word_embeddings to true");
    }

    /** With and without the prefix of the base model, tensor by tensor, as transformers matches names. */
    @ParameterizedTest
    @CsvSource({
        "model.layers.1.mlp.up_proj.weight, layers.1.mlp.up_proj.weight",
        "model.layers.1.mlp.up_proj.weight, model.model.layers.1.mlp.up_proj.weight",
        "model.embed_tokens.weight, embed_tokens.weight",
        "lm_head.weight, model.lm_head.weight",
    })
    void theBasePrefixMayBeMissingOrNeedless(String name, String stored) {
        RandomLlama llama = new RandomLlama().stored(name, DataType.F32);
        Path proper = llama.write(directory.resolve("proper"));
        Path renamed = new RandomLlama().renamed(name, stored).write(directory.resolve("renamed"));
        try (Model expected = Model.open(proper);
                Model model = Model.open(renamed)) {
            assertThat(model.remarks()).isEmpty();
            assertThat(model.spec()).isEqualTo(expected.spec());
            assertThat(model.tensors()).hasSameSizeAs(expected.tensors());
            for (int i = 0; i < expected.tensors().size(); i++) {
                NamedTensor tensor = model.tensors().get(i);
                assertThat(tensor.name()).isEqualTo(expected.tensors().get(i).name());
                assertThat(Golden.elements(tensor.matrix()))
                        .isEqualTo(Golden.elements(expected.tensors().get(i).matrix()));
            }
        }
    }

    /** transformers takes the first by the alphabet. */
    @Test
    void aTensorUnderTwoNamesIsRefusedIfTheyDiffer() {
        String name = "model.norm.weight";
        Path differing = new RandomLlama().extraTensor("norm.weight", 12).write(directory.resolve("differing"));
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> Model.open(differing).close(), "'" + name + "'", "'norm.weight'");
        Path equal = new RandomLlama()
                .zero(name)
                .extraTensor("norm.weight", 12)
                .zero("norm.weight")
                .write(directory.resolve("equal"));
        try (Model model = Model.open(equal)) {
            assertThat(model.remarks()).isEmpty();
        }
    }

    @Test
    void aCheckpointThatIsNoneIsExplained() {
        Path missing = directory.resolve("missing");
        Failures.expect(FailureKind.NOT_FOUND, () -> Model.open(missing).close(), missing.toString());
    }
}
