package io.fastforward.model;

import static java.util.Map.entry;

import io.fastforward.spi.model.Activation;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LearnedPositions;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Normalization;
import io.fastforward.spi.model.TensorNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Reads the architecture of OPT (Zhang et al., OPT: Open Pre-trained Transformer Language Models, 2022): learned
 * positions, layer normalisation before each module, or after it in the 350M model, whose embeddings are also narrower
 * than its hidden state; multi-head attention and a ReLU MLP, both with biases.
 */
final class OptDecoder {

    private static final TensorNames NAMES = new TensorNames(
            "model.decoder.embed_tokens",
            "model.decoder.embed_positions",
            "model.decoder.project_in",
            "model.decoder.project_out",
            "model.decoder.final_layer_norm",
            "lm_head",
            "model.decoder.layers.%d.self_attn_layer_norm",
            "model.decoder.layers.%d.final_layer_norm",
            Map.ofEntries(
                    entry(MapRole.QUERY, "model.decoder.layers.%d.self_attn.q_proj"),
                    entry(MapRole.KEY, "model.decoder.layers.%d.self_attn.k_proj"),
                    entry(MapRole.VALUE, "model.decoder.layers.%d.self_attn.v_proj"),
                    entry(MapRole.ATTENTION_OUTPUT, "model.decoder.layers.%d.self_attn.out_proj"),
                    entry(MapRole.UP, "model.decoder.layers.%d.fc1"),
                    entry(MapRole.MLP_OUTPUT, "model.decoder.layers.%d.fc2")));

    /** The first rows of the positions were meant for padding. */
    private static final LearnedPositions POSITIONS = new LearnedPositions(2);

    private static final double EPSILON = 1e-5; // that of PyTorch; the config has none

    private OptDecoder() {}

    static ModelSpec read(Config config) {
        int hiddenSize = config.size("hidden_size");
        int layerCount = config.count("num_hidden_layers");
        int heads = config.count("num_attention_heads");
        // Its class in transformers knows no head size; only with lists of ours it need not follow from the heads.
        boolean ownWidths = config.has(ModelFamily.LAYER_HEADS);
        if (!ownWidths && hiddenSize % heads != 0) {
            throw Config.damaged("hidden_size " + hiddenSize + " is not a multiple of num_attention_heads " + heads);
        }
        int headSize = ownWidths ? config.count("head_dim", hiddenSize / heads) : hiddenSize / heads;
        if (!config.text("activation_function", "relu").equals("relu")) {
            throw Config.unsupported("activation_function '" + config.text("activation_function")
                    + "' is not supported; supported is: relu");
        }
        if (!config.flag("layer_norm_elementwise_affine", true)) {
            throw Config.unsupported("layer_norm_elementwise_affine false is not supported; supported is: true");
        }
        boolean before = config.flag("do_layer_norm_before", true);
        Normalization normalization = new Normalization(
                Normalization.Kind.LAYER,
                EPSILON,
                before ? Normalization.Placement.BEFORE : Normalization.Placement.AFTER);
        boolean bias = config.flag("enable_bias", true);
        boolean outputBias = bias || config.flag(ModelFamily.OUTPUT_BIAS, false);
        List<Integer> layerHeads = config.counts(ModelFamily.LAYER_HEADS, layerCount, heads);
        List<Integer> layerValues = ModelFamily.valueSizes(config, headSize, layerHeads);
        List<Integer> layerChannels = config.sizes(ModelFamily.LAYER_CHANNELS, layerCount, config.size("ffn_dim"));
        List<LayerSpec> layers = new ArrayList<>();
        for (int i = 0; i < layerCount; i++) {
            layers.add(new LayerSpec(
                    new AttentionSpec(
                                    normalization,
                                    hiddenSize,
                                    headSize,
                                    layerHeads.get(i),
                                    1,
                                    null,
                                    0,
                                    bias,
                                    outputBias)
                            .withValueSize(layerValues.get(i)),
                    new MlpSpec(
                            normalization,
                            hiddenSize,
                            layerChannels.get(i),
                            false,
                            Activation.RELU,
                            bias,
                            outputBias)));
        }
        return new ModelSpec(
                "opt",
                NAMES,
                hiddenSize,
                config.size("word_embed_proj_dim", hiddenSize),
                config.size("vocab_size"),
                config.size("max_position_embeddings", 2048),
                POSITIONS,
                layers,
                before && !config.flag("_remove_final_layer_norm", false) ? normalization : null,
                config.flag(SettledConfig.TIED, true));
    }

    static boolean hasAllHeads(ModelSpec spec) {
        AttentionSpec attention = spec.layers().getFirst().attention();
        return attention.groups() * attention.headSize() == spec.hiddenSize();
    }
}
