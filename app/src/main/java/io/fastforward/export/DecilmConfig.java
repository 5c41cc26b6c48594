package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import java.util.List;

/**
 * The {@code config.json} that vLLM's DeciLM reads. It is made anew, because that reader heeds keys that those of LLaMA and
 * Mistral ignore ({@code qkv_bias}, {@code logit_scale}): of the source's config there is only what both mean.
 */
final class DecilmConfig {

    /** By which vLLM finds its reader. */
    static final String MODEL_TYPE = "nemotron-nas";

    /** The module with the class of the config, which vLLM does not have. */
    static final String MODULE = "configuration_fastforward_decilm";

    private static final String SECTION = "rope_parameters";
    private static final String THETA = "rope_theta";
    private static final String SCALING = "rope_scaling";
    private static final String TYPE = "rope_type";

    /** Of the source: which tokens begin and end a text, and the data type of the weights. */
    private static final List<String> CARRIED = List.of("bos_token_id", "eos_token_id", "pad_token_id", "torch_dtype");

    private DecilmConfig() {}

    /**
     * Makes the config.
     *
     * @param settled what the source's format would say of this model, everything once
     * @param written the layers that do something, which {@link DecilmLimits} does not refuse
     */
    static ObjectNode of(ObjectNode settled, ModelSpec written) {
        AttentionSpec attention = written.layers().getFirst().attention();
        ObjectNode config = settled.objectNode();
        config.putArray("architectures").add("DeciLMForCausalLM");
        config.putObject("auto_map").put("AutoConfig", MODULE + ".FastForwardDeciLMConfig");
        config.put("model_type", MODEL_TYPE);
        config.put("hidden_size", written.hiddenSize());
        config.put("num_hidden_layers", written.layers().size());
        config.put("num_attention_heads", attention.heads());
        config.put("head_dim", attention.headSize());
        config.put("hidden_act", "silu");
        config.put("vocab_size", written.vocabularySize());
        config.put("max_position_embeddings", context(written));
        config.put("rms_norm_eps", attention.normalization().epsilon());
        config.put("attention_bias", false);
        config.put("mlp_bias", false);
        config.put("tie_word_embeddings", written.tiedEmbeddings());
        CARRIED.stream().filter(settled::hasNonNull).forEach(key -> config.set(key, settled.get(key)));
        putRotary(settled, config);
        var blocks = config.putArray("block_configs");
        written.layers().forEach(layer -> blocks.add(block(layer, config)));
        return config;
    }

    /** DeciLM has no sliding window: within one there is nothing outside it, so the context ends with it. */
    private static int context(ModelSpec written) {
        return written.layers().stream()
                .mapToInt(layer -> layer.attention().slidingWindow())
                .filter(window -> window > 0)
                .reduce(written.contextLength(), Math::min);
    }

    /** In the form that transformers 4 has and transformers 5 still reads. */
    private static void putRotary(ObjectNode settled, ObjectNode config) {
        JsonNode section = settled.path(SECTION).isObject() ? settled.path(SECTION) : settled.path(SCALING);
        config.set(THETA, section.has(THETA) ? section.get(THETA) : settled.get(THETA));
        if (section instanceof ObjectNode scaling
                && !scaling.path(TYPE).asText("default").equals("default")) {
            config.set(SCALING, scaling.deepCopy().without(THETA));
        }
    }

    private static ObjectNode block(LayerSpec layer, ObjectNode config) {
        AttentionSpec attention = layer.attention();
        MlpSpec mlp = layer.mlp();
        ObjectNode block = config.objectNode();
        ObjectNode heads = block.putObject("attention").put("no_op", attention.isIdentity());
        ObjectNode channels = block.putObject("ffn").put("no_op", mlp.isIdentity());
        if (attention.isIdentity()) {
            heads.putNull("n_heads_in_group");
        } else {
            heads.put("n_heads_in_group", attention.queriesPerGroup());
        }
        if (mlp.isIdentity()) {
            channels.putNull("ffn_mult");
        } else {
            channels.put(
                    "ffn_mult",
                    FeedForwardMultiplier.of(mlp.channels(), mlp.hiddenSize())
                            .orElseThrow()
                            .value());
        }
        return block;
    }
}
