package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The tensors that the classes of transformers build for a config, by the sources of transformers; the embedding and the
 * head are both there, tied or not.
 *
 * @param embedding name of the embedding
 * @param head name of the head
 * @param shapes shapes of all tensors, by name
 */
record ReaderTensors(String embedding, String head, Map<String, List<Long>> shapes) {

    private static final String HEAD = "lm_head.weight";

    static ReaderTensors of(JsonNode config, String family, boolean ownWidths) {
        Shapes shapes = new Shapes(config, ownWidths);
        return family.equals("opt") ? shapes.opt() : shapes.rotary(family);
    }

    /** Collects them. */
    private static final class Shapes {

        private final Map<String, List<Long>> shapes = new HashMap<>();
        private final JsonNode config;
        private final boolean ownWidths;

        Shapes(JsonNode config, boolean ownWidths) {
            this.config = config;
            this.ownWidths = ownWidths;
        }

        ReaderTensors rotary(String family) {
            long hidden = size("hidden_size");
            long heads = size("num_attention_heads");
            long headSize = config.path("head_dim").asLong(hidden / Math.max(1, heads));
            boolean attentionBias = family.equals("llama") && flag("attention_bias", false);
            boolean mlpBias = family.equals("llama") && flag("mlp_bias", false);
            boolean addedBias = ownWidths && flag("output_bias", false);
            String embedding = "model.embed_tokens.weight";
            shapes.put(embedding, List.of(size("vocab_size"), hidden));
            shapes.put(HEAD, List.of(size("vocab_size"), hidden));
            shapes.put("model.norm.weight", List.of(hidden));
            for (int i = 0; i < size("num_hidden_layers"); i++) {
                String layer = "model.layers." + i + ".";
                long queryHeads = width("layer_head_num", i, heads);
                long keyHeads = width(
                        "layer_kv_head_num",
                        i,
                        config.path("num_key_value_heads").asLong(heads));
                long valueSize = width("layer_value_head_dim", i, headSize);
                long channels = width("layer_inter_size", i, size("intermediate_size"));
                boolean queryBias = attentionBias || family.equals("qwen2");
                if (queryHeads > 0) {
                    linear(layer + "self_attn.q_proj", queryHeads * headSize, hidden, queryBias);
                    linear(layer + "self_attn.k_proj", keyHeads * headSize, hidden, queryBias);
                    linear(layer + "self_attn.v_proj", keyHeads * valueSize, hidden, queryBias);
                    linear(layer + "self_attn.o_proj", hidden, queryHeads * valueSize, attentionBias || addedBias);
                    shapes.put(layer + "input_layernorm.weight", List.of(hidden));
                }
                if (channels > 0) {
                    linear(layer + "mlp.gate_proj", channels, hidden, mlpBias);
                    linear(layer + "mlp.up_proj", channels, hidden, mlpBias);
                    linear(layer + "mlp.down_proj", hidden, channels, mlpBias || addedBias);
                    shapes.put(layer + "post_attention_layernorm.weight", List.of(hidden));
                }
            }
            return new ReaderTensors(embedding, HEAD, shapes);
        }

        ReaderTensors opt() {
            long hidden = size("hidden_size");
            long embedded = config.path("word_embed_proj_dim").asLong(hidden);
            long heads = size("num_attention_heads");
            long headSize = hidden / Math.max(1, heads);
            boolean bias = flag("enable_bias", true);
            boolean outputBias = bias || (ownWidths && flag("output_bias", false));
            String decoder = "model.decoder.";
            String embedding = decoder + "embed_tokens.weight";
            shapes.put(embedding, List.of(size("vocab_size"), embedded));
            shapes.put(HEAD, List.of(size("vocab_size"), embedded));
            shapes.put(
                    decoder + "embed_positions.weight",
                    List.of(config.path("max_position_embeddings").asLong(2048) + 2, hidden));
            if (embedded != hidden) {
                linear(decoder + "project_in", hidden, embedded, false);
                linear(decoder + "project_out", embedded, hidden, false);
            }
            if (flag("do_layer_norm_before", true) && !flag("_remove_final_layer_norm", false)) {
                norm(decoder + "final_layer_norm", hidden);
            }
            for (int i = 0; i < size("num_hidden_layers"); i++) {
                String layer = decoder + "layers." + i + ".";
                long layerHeads = width("layer_head_num", i, heads);
                long valueSize = width("layer_value_head_dim", i, headSize);
                long channels = width("layer_inter_size", i, size("ffn_dim"));
                if (layerHeads > 0) {
                    linear(layer + "self_attn.q_proj", layerHeads * headSize, hidden, bias);
                    linear(layer + "self_attn.k_proj", layerHeads * headSize, hidden, bias);
                    linear(layer + "self_attn.v_proj", layerHeads * valueSize, hidden, bias);
                    linear(layer + "self_attn.out_proj", hidden, layerHeads * valueSize, outputBias);
                    norm(layer + "self_attn_layer_norm", hidden);
                }
                if (channels > 0) {
                    linear(layer + "fc1", channels, hidden, bias);
                    linear(layer + "fc2", hidden, channels, outputBias);
                    norm(layer + "final_layer_norm", hidden);
                }
            }
            return new ReaderTensors(embedding, HEAD, shapes);
        }

        /** A class of ours goes by the lists, those of transformers by the one width for all layers. */
        private long width(String list, int layer, long everywhere) {
            return ownWidths ? config.path(list).path(layer).asLong(everywhere) : everywhere;
        }

        private void linear(String name, long rows, long columns, boolean bias) {
            shapes.put(name + ".weight", List.of(rows, columns));
            if (bias) {
                shapes.put(name + ".bias", List.of(rows));
            }
        }

        private void norm(String name, long size) {
            shapes.put(name + ".weight", List.of(size));
            shapes.put(name + ".bias", List.of(size));
        }

        private long size(String key) {
            return config.path(key).longValue();
        }

        private boolean flag(String key, boolean whereMissing) {
            return config.path(key).asBoolean(whereMissing);
        }
    }
}
