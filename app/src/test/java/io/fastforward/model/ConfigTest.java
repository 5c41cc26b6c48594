package io.fastforward.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A config that is wrong is a failure that names its key, before any memory is asked for. */
class ConfigTest {

    @TempDir
    Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hidden_size",
                "num_hidden_layers",
                "num_attention_heads",
                "num_key_value_heads",
                "head_dim",
                "intermediate_size",
                "vocab_size",
                "max_position_embeddings"
            })
    void aSizeMustBeAWholeNumberWithinReason(String key) {
        for (String wrong : List.of("0", "-1", "2.5", "\"2\"", "true", "[2]", "{}", "16777217", "9999999999999")) {
            expectMalformed(new RandomLlama().with(key, wrong), key, wrong);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size"})
    void aSizeWithoutDefaultMustBeThere(String key) {
        expectMalformed(new RandomLlama().without(key), key, "missing");
    }

    /** Sizes that are possible one by one must not overflow, or fill the memory with descriptions of layers. */
    @ParameterizedTest
    @CsvSource({
        "num_hidden_layers, 16777216",
        "num_attention_heads, 12582912",
        "head_dim, 16777216",
    })
    void aHugeNumberOfThingsIsRefused(String key, String huge) {
        expectMalformed(new RandomLlama().with(key, huge), key, huge);
    }

    @Test
    void headsTimesTheirSizeDoNotOverflow() {
        RandomLlama llama = new RandomLlama()
                .with("num_attention_heads", "16384")
                .with("num_key_value_heads", "16384")
                .with("head_dim", "16384");
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> open(llama), "shape");
    }

    @ParameterizedTest
    @CsvSource({
        "rms_norm_eps, 0",
        "rms_norm_eps, null",
        "rope_theta, null",
        "rms_norm_eps, -1e-5",
        "rms_norm_eps, NaN",
        "rms_norm_eps, Infinity",
        "rope_theta, 0",
        "rope_theta, '\"10000\"'",
        "tie_word_embeddings, 1",
        "attention_bias, '\"true\"'",
        "mlp_bias, '[]'",
        "hidden_act, 5",
        "model_type, 5",
        "rope_parameters, 5",
        "rope_scaling, '[]'",
    })
    void aValueOfAnotherKindIsRefused(String key, String wrong) {
        expectMalformed(new RandomLlama().with(key, wrong), key);
    }

    @Test
    void headsMustFitTogether() {
        expectMalformed(new RandomLlama().with("num_attention_heads", "7"), "7", "3", "key/value");
        expectMalformed(
                new RandomLlama().without("head_dim").with("hidden_size", "13"),
                "hidden_size 13",
                "num_attention_heads 6");
        expectMalformed(new RandomLlama().with("head_dim", "5"), "head size 5", "odd");
    }

    @ParameterizedTest
    @CsvSource({"layer_head_num", "layer_kv_head_num", "layer_inter_size", "layer_value_head_dim"})
    void sizesOfLayersMustBeOneForEach(String key) {
        for (String wrong : List.of("3", "[6]", "[6,6,6]", "[6,-6]", "[6,\"6\"]", "[6,null]")) {
            expectMalformed(new RandomLlama().with(key, wrong), key);
        }
    }

    @Test
    void aModelHasAModule() {
        expectMalformed(
                new RandomLlama()
                        .with("layer_head_num", "[0,0]")
                        .with("layer_kv_head_num", "[0,0]")
                        .with("layer_inter_size", "[0,0]"),
                "no layer");
    }

    @Test
    void headsOfALayerMustFitTogether() {
        expectMalformed(new RandomLlama().with("layer_head_num", "[6,0]"), "layer 1", "0 query heads");
        expectMalformed(new RandomLlama().with("layer_kv_head_num", "[3,0]"), "layer 1", "0 key/value heads");
        expectMalformed(
                new RandomLlama().with("layer_head_num", "[6,5]").with("layer_kv_head_num", "[3,2]"),
                "layer 1",
                "5",
                "2");
    }

    /** A value of no width, or of more than the head has, is damage; so is a width without heads, or none with them. */
    @Test
    void valuesOfALayerMustFitItsHeads() {
        for (String wrong : List.of("[4,0]", "[4,5]", "[4,16384]")) {
            expectMalformed(
                    new RandomLlama().with("layer_value_head_dim", wrong),
                    "layer_value_head_dim of layer 1",
                    "from 1 to the head size of 4",
                    wrong.substring(3, wrong.length() - 1));
        }
        RandomLlama gone = new RandomLlama().with("layer_head_num", "[6,0]").with("layer_kv_head_num", "[3,0]");
        expectMalformed(gone.with("layer_value_head_dim", "[4,4]"), "layer 1", "must be 0", "no heads", "4");
    }

    @Test
    void anUnknownArchitectureListsTheKnownOnes() {
        for (String type : List.of("\"gpt2\"", "\"\"")) {
            Failures.expect(
                    FailureKind.UNSUPPORTED_MODEL,
                    () -> open(new RandomLlama().with("model_type", type)),
                    type.replace('"', '\''),
                    "supported are",
                    "llama");
        }
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL, () -> open(new RandomLlama().without("model_type")), "supported are");
    }

    @Test
    void anUnknownActivationListsTheKnownOnes() {
        Failures.expect(
                FailureKind.UNSUPPORTED_MODEL,
                () -> open(new RandomLlama().with("hidden_act", "\"gelu\"")),
                "hidden_act",
                "gelu",
                "silu");
    }

    @Test
    void whatHasADefaultMayBeMissing() {
        RandomLlama llama = new RandomLlama()
                .with("num_attention_heads", "3") // as many as there are groups; of size 12 ÷ 3
                .without("num_key_value_heads")
                .without("head_dim")
                .without("rms_norm_eps")
                .without("max_position_embeddings")
                .with("attention_bias", "null")
                .with("rope_scaling", "null");
        RandomLlama weights = new RandomLlama().with("num_attention_heads", "3").with("attention_bias", "false");
        weights.write(directory);
        try (Model model = openOver(llama)) {
            assertThat(model.spec().contextLength()).isEqualTo(2048);
            assertThat(requireNonNull(model.spec().finalNormalization()).epsilon())
                    .isEqualTo(1e-6);
            assertThat(model.spec().layers().getFirst().attention()).satisfies(attention -> {
                assertThat(attention.groups()).isEqualTo(3);
                assertThat(attention.queriesPerGroup()).isEqualTo(1);
                assertThat(attention.headSize()).isEqualTo(4);
                assertThat(attention.inputBias()).isFalse();
            });
        }
    }

    private Model openOver(RandomLlama llama) {
        llama.writeConfig(directory);
        return Model.open(directory);
    }

    private void expectMalformed(RandomLlama llama, String... words) {
        Failures.expect(FailureKind.BAD_CHECKPOINT, () -> open(llama), words);
    }

    /** Opens a config over the weights of the default one. */
    private void open(RandomLlama llama) {
        if (!Files.exists(directory.resolve("model.safetensors"))) {
            new RandomLlama().write(directory);
        }
        openOver(llama).close();
    }
}
