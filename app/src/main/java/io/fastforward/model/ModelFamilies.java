package io.fastforward.model;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The families of models that FastForward knows. */
final class ModelFamilies {

    private static final TensorNames LLAMA_NAMES = new TensorNames(
            "model.embed_tokens",
            "model.norm",
            "lm_head",
            "model.layers.%d.input_layernorm",
            "model.layers.%d.self_attn.q_proj",
            "model.layers.%d.self_attn.k_proj",
            "model.layers.%d.self_attn.v_proj",
            "model.layers.%d.self_attn.o_proj",
            "model.layers.%d.post_attention_layernorm",
            "model.layers.%d.mlp.gate_proj",
            "model.layers.%d.mlp.up_proj",
            "model.layers.%d.mlp.down_proj",
            ".*\\.rotary_emb\\.inv_freq");

    private static final List<ModelFamily> ALL =
            List.of(new ModelFamily("llama", "fastforward_llama", "FastForwardLlamaForCausalLM", ModelFamilies::llama));

    private ModelFamilies() {}

    /**
     * The family of a checkpoint, pruned or not.
     *
     * @throws Failure if it is not known; the message names those that are
     */
    static ModelFamily of(Config config) {
        String modelType = config.text("model_type", "");
        return ALL.stream()
                .filter(family -> family.modelType().equals(modelType)
                        || family.prunedModelType().equals(modelType))
                .findFirst()
                .orElseThrow(() -> new Failure(
                        FailureKind.UNSUPPORTED_MODEL,
                        "config.json: architecture '" + modelType + "' is not supported; supported are: "
                                + ALL.stream().map(ModelFamily::modelType).collect(Collectors.joining(", "))));
    }

    private static ModelSpec llama(Config config) {
        int hiddenSize = config.size("hidden_size");
        int layerCount = config.count("num_hidden_layers");
        int heads = config.count("num_attention_heads");
        int keyValueHeads = config.count("num_key_value_heads", heads);
        if (!config.has("head_dim") && hiddenSize % heads != 0) {
            throw malformed("hidden_size " + hiddenSize + " is not a multiple of num_attention_heads " + heads
                    + ", and there is no head_dim");
        }
        int headSize = config.count("head_dim", hiddenSize / heads);
        if (!config.text("hidden_act", "silu").equals("silu")) {
            throw new Failure(
                    FailureKind.UNSUPPORTED_MODEL,
                    "config.json: hidden_act '" + config.text("hidden_act") + "' is not supported; supported is: silu");
        }
        Normalization normalization = new Normalization(Normalization.Kind.RMS, config.number("rms_norm_eps", 1e-6));
        RotaryPositions rotary = RotaryFrequencies.read(config, headSize);
        boolean attentionBias = config.flag("attention_bias", false);
        boolean mlpBias = config.flag("mlp_bias", false);

        // Listed in a pruned checkpoint, the same for all layers in an ordinary one.
        List<Integer> layerHeads = config.counts("layer_head_num", layerCount, heads);
        List<Integer> layerGroups = config.counts("layer_kv_head_num", layerCount, keyValueHeads);
        List<Integer> layerChannels = config.sizes("layer_inter_size", layerCount, config.size("intermediate_size"));
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < layerCount; i++) {
            int groups = layerGroups.get(i);
            if (layerHeads.get(i) % groups != 0) {
                throw malformed("layer " + i + " has " + layerHeads.get(i) + " query heads, not a multiple of its "
                        + groups + " key/value heads");
            }
            layers.add(new LayerSpec(
                    new AttentionSpec(
                            normalization,
                            hiddenSize,
                            headSize,
                            groups,
                            layerHeads.get(i) / groups,
                            rotary,
                            0,
                            attentionBias,
                            attentionBias),
                    new MlpSpec(
                            normalization, hiddenSize, layerChannels.get(i), true, Activation.SILU, mlpBias, mlpBias)));
        }
        return new ModelSpec(
                "llama",
                LLAMA_NAMES,
                hiddenSize,
                config.size("vocab_size"),
                config.size("max_position_embeddings", 2048),
                layers,
                normalization,
                config.flag("tie_word_embeddings", false));
    }

    private static Failure malformed(String problem) {
        return new Failure(FailureKind.BAD_CHECKPOINT, "config.json: " + problem);
    }
}
