package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.spi.format.Demands;
import io.fastforward.spi.format.ModelFormat;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DecilmFormatTest extends CheckpointFormatContract {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    private int written;

    @Override
    protected ModelFormat.Provider provider() {
        return new DecilmFormatProvider();
    }

    @Override
    protected ModelSource source(DataType type) {
        return source(
                model -> model.stored(type)
                        .with("model_type", "\"fastforward_llama\"")
                        .with("layer_head_num", "[6, 6]")
                        .with("layer_kv_head_num", "[3, 2]")
                        .with("layer_inter_size", "[512, 256]"),
                sourceDirectory());
    }

    private ModelSource source(UnaryOperator<RandomLlama> changes, Path place) {
        RandomLlama model = new RandomLlama()
                .with("attention_bias", "false")
                .with("mlp_bias", "false")
                .with("intermediate_size", "512");
        return open(changes.apply(model), place);
    }

    private ModelSource source(UnaryOperator<RandomLlama> changes) {
        return source(changes, directory.resolve("source" + written++));
    }

    /** Writes a model of which modules are whole or gone. */
    private Path write(ModelSource source, ModelSpec model) {
        Path output = directory.resolve("output");
        try (Arena arena = Arena.ofShared();
                ModelWriter writer =
                        format().begin(source, model, new WriteSettings(null, Long.MAX_VALUE), created(output))) {
            for (int layer = 0; layer < model.layers().size(); layer++) {
                LayerWeights whole = source.layer(layer, arena);
                boolean attention = !model.layers().get(layer).attention().isIdentity();
                boolean mlp = !model.layers().get(layer).mlp().isIdentity();
                writer.layer(
                        layer,
                        new LayerWeights(
                                attention ? whole.attention() : ModuleWeights.NONE,
                                mlp ? whole.mlp() : ModuleWeights.NONE));
            }
            writer.finish();
        }
        return output;
    }

    private static Path created(Path place) {
        try {
            return Files.createDirectory(place);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode config(Path directory) throws IOException {
        return JSON.readTree(directory.resolve("config.json").toFile());
    }

    /** Layer 1 loses its MLP, layer 2 its attention, layer 3 both. */
    @Test
    void modulesThatAreGoneAreNoOperationsWithoutTensors() throws IOException {
        ModelSource source = source(model -> model.with("num_hidden_layers", "4"));
        ModelSpec pruned = source.spec().pruned(new Policy(List.of(3, 512, 3, 0, 0, 512, 0, 0)));
        assertThat(format().refusal(source.spec(), pruned)).isEmpty();
        Path output = write(source, pruned);
        assertThat(config(output).path("num_hidden_layers").intValue()).isEqualTo(3);
        assertThat(config(output).path("block_configs")).isEqualTo(JSON.readTree("""
                [{"attention": {"no_op": false, "n_heads_in_group": 2}, "ffn": {"no_op": false, "ffn_mult": 64.0}},
                 {"attention": {"no_op": false, "n_heads_in_group": 2}, "ffn": {"no_op": true, "ffn_mult": null}},
                 {"attention": {"no_op": true, "n_heads_in_group": null}, "ffn": {"no_op": false, "ffn_mult": 64.0}}]"""));
        try (Checkpoint written = Checkpoint.open(output)) {
            assertThat(written.names())
                    .contains("model.layers.0.mlp.up_proj.weight", "model.layers.2.post_attention_layernorm.weight")
                    .noneMatch(name -> name.startsWith("model.layers.1.mlp"))
                    .noneMatch(name -> name.equals("model.layers.1.post_attention_layernorm.weight"))
                    .noneMatch(name -> name.startsWith("model.layers.2.self_attn"))
                    .noneMatch(name -> name.equals("model.layers.2.input_layernorm.weight"))
                    .noneMatch(name -> name.startsWith("model.layers.3."));
        }
        try (ReadableModel back = format().open(output).orElseThrow()) {
            assertThat(back.spec()).isEqualTo(pruned.withoutIdentityLayers());
        }
    }

    /** Its reader heeds keys that LLaMA's ignores, so no key of the source gets there unseen. */
    @Test
    void theConfigHasWhatItsReaderReadsAndNothingElse() throws IOException {
        ModelSource source = source(model -> model.with("qkv_bias", "true")
                .with("bias", "true")
                .with("logit_scale", "3")
                .with("eos_token_id", "7")
                .with("position_embedding_type", "\"rope_llama4\"")
                .with("rope_theta", "500.0")
                .with(
                        "rope_scaling",
                        "{\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0,"
                                + " \"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 32}"));
        Path output = write(source, source.spec());
        JsonNode config = config(output);
        assertThat(config.fieldNames())
                .toIterable()
                .containsExactlyInAnyOrder(
                        "architectures",
                        "auto_map",
                        "model_type",
                        "hidden_size",
                        "num_hidden_layers",
                        "num_attention_heads",
                        "head_dim",
                        "hidden_act",
                        "vocab_size",
                        "max_position_embeddings",
                        "rms_norm_eps",
                        "attention_bias",
                        "mlp_bias",
                        "tie_word_embeddings",
                        "eos_token_id",
                        "torch_dtype",
                        "rope_theta",
                        "rope_scaling",
                        "block_configs");
        assertThat(config.path("model_type").textValue()).isEqualTo("nemotron-nas");
        assertThat(config.path("architectures").path(0).textValue()).isEqualTo("DeciLMForCausalLM");
        assertThat(config.path("rope_theta").doubleValue()).isEqualTo(500);
        assertThat(config.path("rope_scaling").path("rope_type").textValue()).isEqualTo("llama3");
        assertThat(config.path("attention_bias").booleanValue()).isFalse();
        assertThat(config.path("torch_dtype").textValue()).isEqualTo("float32");
        String[] automatic =
                config.path("auto_map").path("AutoConfig").textValue().split("\\.");
        assertThat(output.resolve(automatic[0] + ".py"))
                .content()
                .contains("\nclass " + automatic[1] + "(LlamaConfig):\n    model_type = \"nemotron-nas\"");
        try (ReadableModel back = format().open(output).orElseThrow()) {
            assertThat(back.spec()).isEqualTo(source.spec());
        }
    }

    /** Its heads do not divide the hidden state, so the rotary settings come in the newer form. */
    @Test
    void rotarySettingsAreInTheFormThatAllVersionsRead() throws IOException {
        ModelSource source = source(model -> model.with("num_attention_heads", "9")
                .with("rope_parameters", "{\"rope_type\": \"linear\", \"factor\": 2.0, \"rope_theta\": 300.0}"));
        Path output = write(source, source.spec());
        assertThat(config(output).has("rope_parameters")).isFalse();
        assertThat(config(output).path("rope_theta").doubleValue()).isEqualTo(300);
        assertThat(config(output).path("rope_scaling"))
                .isEqualTo(JSON.readTree("{\"rope_type\": \"linear\", \"factor\": 2.0}"));
    }

    @Test
    void theContextEndsWithASlidingWindow() throws IOException {
        ModelSource source = source(model -> model.with("model_type", "\"mistral\"")
                .with("architectures", "[\"MistralForCausalLM\"]")
                .with("sliding_window", "48"));
        assertThat(format().refusal(source.spec(), source.spec())).isEmpty();
        Path output = write(source, source.spec());
        assertThat(config(output).path("max_position_embeddings").intValue()).isEqualTo(48);
        assertThat(config(output).has("sliding_window")).isFalse();
    }

    @Test
    void attentionStaysWholeAndWidthsAreMultiples() {
        ModelSpec spec = source(DataType.F32).spec();
        assertThat(format().demands(spec)).isEqualTo(new Demands(256, true, true));
    }

    @Test
    void whatItCannotHoldIsRefusedWithTheConstraint() {
        refused(model -> model.with("attention_bias", "true"), "layer 0 has biases", "<plugins.calibrator>");
        refused(model -> model.with("mlp_bias", "true"), "layer 0 has biases");
        refused(
                model -> model.with("intermediate_size", "300"),
                "the MLP of layer 0 has 300 channels",
                "<budget.widthMultiple> 256");
        refused(
                model -> pruned(model, "[6, 4]", "[3, 2]", "[4, 4]"),
                "layer 1 has 4 query heads and the first one 6",
                "<budget.attention> none");
        refused(
                model -> pruned(model, "[6, 6]", "[3, 3]", "[4, 3]"),
                "narrower than its keys",
                "<budget.attention> none");
        refused(model -> model.with("model_type", "\"qwen2\"").with("attention_bias", "true"), "biases");
    }

    private static RandomLlama pruned(RandomLlama model, String heads, String groups, String values) {
        return model.with("model_type", "\"fastforward_llama\"")
                .with("layer_head_num", heads)
                .with("layer_kv_head_num", groups)
                .with("layer_inter_size", "[512, 512]")
                .with("layer_value_head_dim", values);
    }

    private void refused(UnaryOperator<RandomLlama> changes, String... words) {
        ModelSpec spec = source(changes).spec();
        assertThat(format().refusal(spec, spec))
                .hasValueSatisfying(reason -> assertThat(reason).contains(words).contains("<export.format> hf"));
    }

    /** vLLM's residual stream begins with the attention of its first layer. */
    @Test
    void aFirstLayerWithoutAttentionIsRefused() {
        ModelSpec spec = source(model -> model).spec();
        assertThat(format().refusal(spec, spec.pruned(new Policy(List.of(0, 512, 3, 512)))))
                .hasValueSatisfying(reason ->
                        assertThat(reason).contains("has no attention").contains("keep some attention"));
        assertThat(format().refusal(spec, spec.pruned(new Policy(List.of(0, 0, 3, 512)))))
                .isEmpty();
    }

    /** OPT's normalisation, or another of these parts, which DeciLM has otherwise. */
    @Test
    void aModelThatIsNotBuiltAsLlamaIsRefused() {
        ModelSpec spec = source(model -> model).spec();
        ModelSpec unlike = new ModelSpec(
                "opt",
                spec.names(),
                spec.hiddenSize(),
                spec.embeddingSize(),
                spec.vocabularySize(),
                spec.contextLength(),
                null,
                spec.layers(),
                null,
                false);
        assertThat(format().refusal(unlike, unlike))
                .hasValueSatisfying(reason -> assertThat(reason)
                        .contains("'opt' is not built as LLaMA is")
                        .contains("hf-padded"));
    }
}
