package io.fastforward.model;

import static java.util.Map.entry;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.model.TensorNames;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Reads the architecture that LLaMA began and Mistral and Qwen2 share: RMS normalisation before each module, rotary
 * positions, grouped-query attention, gated SiLU MLP. What sets the families apart is in {@link Traits}.
 */
final class RotaryDecoder {

    private static final TensorNames NAMES = new TensorNames(
            "model.embed_tokens",
            null,
            null,
            null,
            "model.norm",
            "lm_head",
            "model.layers.%d.input_layernorm",
            "model.layers.%d.post_attention_layernorm",
            Map.ofEntries(
                    entry(MapRole.QUERY, "model.layers.%d.self_attn.q_proj"),
                    entry(MapRole.KEY, "model.layers.%d.self_attn.k_proj"),
                    entry(MapRole.VALUE, "model.layers.%d.self_attn.v_proj"),
                    entry(MapRole.ATTENTION_OUTPUT, "model.layers.%d.self_attn.o_proj"),
                    entry(MapRole.GATE, "model.layers.%d.mlp.gate_proj"),
                    entry(MapRole.UP, "model.layers.%d.mlp.up_proj"),
                    entry(MapRole.MLP_OUTPUT, "model.layers.%d.mlp.down_proj")));

    private static final String FULL = "full_attention";
    private static final String SLIDING = "sliding_attention";

    private RotaryDecoder() {}

    /**
     * What sets the families apart.
     *
     * @param family {@code model_type}
     * @param context {@code max_position_embeddings} where the config does not say
     * @param groups {@code num_key_value_heads} where the config does not say; 0: one for every query head
     * @param inputBias whether query, key and value have biases
     * @param outputBias whether attention's output map has one
     * @param mlpBias whether the maps of the MLP have biases
     * @param slidingWindows for each layer the number of latest positions that a token sees; 0: all
     */
    record Traits(
            String family,
            int context,
            int groups,
            boolean inputBias,
            boolean outputBias,
            boolean mlpBias,
            List<Integer> slidingWindows) {

        static Traits ofLlama(Config config) {
            boolean bias = config.flag("attention_bias", false);
            return new Traits("llama", 2048, 0, bias, bias, config.flag("mlp_bias", false), noWindows(config));
        }

        static Traits ofMistral(Config config) {
            List<Integer> windows = windows(config, window(config), 0);
            if (Set.copyOf(windows).size() > 1) {
                throw Config.unsupported(
                        "layer_types that alternate are not supported for mistral (transformers takes it for"
                                + " its class Ministral)");
            }
            return new Traits("mistral", 131_072, 8, false, false, false, windows);
        }

        static Traits ofQwen2(Config config) {
            int window = config.flag("use_sliding_window", false) ? window(config) : 0;
            int firstSliding = config.layerIndex("max_window_layers", 28);
            return new Traits("qwen2", 32_768, 32, true, false, false, windows(config, window, firstSliding));
        }

        /** Null is no window; only what is missing has a default. */
        private static int window(Config config) {
            return config.states("sliding_window") ? config.size("sliding_window", 0) : 4096;
        }

        private static List<Integer> noWindows(Config config) {
            return Collections.nCopies(config.count("num_hidden_layers"), 0);
        }

        /** From some layer on a window, unless the config lists what each layer does. */
        private static List<Integer> windows(Config config, int window, int firstSliding) {
            int layers = config.count("num_hidden_layers");
            if (!config.has("layer_types")) {
                return IntStream.range(0, layers)
                        .mapToObj(layer -> layer < firstSliding ? 0 : window)
                        .toList();
            }
            List<Integer> windows = new ArrayList<>();
            for (String type : config.texts("layer_types", layers, Set.of(FULL, SLIDING))) {
                if (type.equals(SLIDING) && window == 0) {
                    throw Config.damaged("layer_types has " + SLIDING + ", but there is no sliding_window in use");
                }
                windows.add(type.equals(SLIDING) ? window : 0);
            }
            return windows;
        }
    }

    /** What {@code layer_types} says of an attention module. */
    static String layerType(AttentionSpec attention) {
        return attention.slidingWindow() > 0 ? SLIDING : FULL;
    }

    static ModelSpec read(Config config, Traits traits) {
        int hiddenSize = config.size("hidden_size");
        int layerCount = config.count("num_hidden_layers");
        int heads = config.count("num_attention_heads");
        int keyValueHeads = config.states("num_key_value_heads") || traits.groups() == 0
                ? config.count("num_key_value_heads", heads)
                : traits.groups();
        if (!config.has("head_dim") && hiddenSize % heads != 0) {
            throw Config.damaged("hidden_size " + hiddenSize + " is not a multiple of num_attention_heads " + heads
                    + ", and there is no head_dim");
        }
        int headSize = config.count("head_dim", hiddenSize / heads);
        if (!Set.of("silu", "swish").contains(config.text("hidden_act", "silu"))) {
            throw Config.unsupported(
                    "hidden_act '" + config.text("hidden_act") + "' is not supported; supported is: silu");
        }
        Normalization normalization =
                new Normalization(Normalization.Kind.RMS, config.statedNumber("rms_norm_eps", 1e-6));
        int context = config.size("max_position_embeddings", traits.context());
        RotaryPositions rotary = RotaryFrequencies.of(RotarySettings.read(config, context), headSize);

        // Listed in a pruned checkpoint, the same for all layers in an ordinary one.
        List<Integer> layerHeads = config.counts(ModelFamily.LAYER_HEADS, layerCount, heads);
        List<Integer> layerGroups = config.counts(ModelFamily.LAYER_GROUPS, layerCount, keyValueHeads);
        List<Integer> layerValues = ModelFamily.valueSizes(config, headSize, layerHeads);
        List<Integer> layerChannels =
                config.sizes(ModelFamily.LAYER_CHANNELS, layerCount, config.size("intermediate_size"));
        boolean addedBiases = config.flag(ModelFamily.OUTPUT_BIAS, false);
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < layerCount; i++) {
            int groups = layerGroups.get(i);
            int queries = layerHeads.get(i);
            if ((groups == 0 || queries == 0) ? groups != queries : queries % groups != 0) {
                throw Config.damaged("layer " + i + " has " + queries + " query heads, not a multiple of its " + groups
                        + " key/value heads");
            }
            layers.add(new LayerSpec(
                    new AttentionSpec(
                                    normalization,
                                    hiddenSize,
                                    headSize,
                                    groups,
                                    groups == 0 ? 0 : queries / groups,
                                    rotary,
                                    traits.slidingWindows().get(i),
                                    traits.inputBias(),
                                    traits.outputBias() || addedBiases)
                            .withValueSize(layerValues.get(i)),
                    new MlpSpec(
                            normalization,
                            hiddenSize,
                            layerChannels.get(i),
                            true,
                            Activation.SILU,
                            traits.mlpBias(),
                            traits.mlpBias() || addedBiases)));
        }
        return new ModelSpec(
                traits.family(),
                NAMES,
                hiddenSize,
                hiddenSize,
                config.size("vocab_size"),
                context,
                null,
                layers,
                normalization,
                config.flag(SettledConfig.TIED, false));
    }
}
