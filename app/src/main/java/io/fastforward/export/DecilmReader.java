package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.model.Model;
import io.fastforward.model.NamedTensor;
import io.fastforward.spi.format.ReadableModel;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Reads a directory as vLLM's DeciLM does: sizes of layers from {@code block_configs} by its formulas, and a tensor for each
 * parameter, none more. What it finds is said again as lists of widths, by which models are read here.
 */
final class DecilmReader {

    private static final int LARGEST_SIZE = 1 << 24; // of a width in a config; what is larger is damage

    private final JsonNode config;

    private DecilmReader(JsonNode config) {
        this.config = config;
    }

    /**
     * Opens a directory.
     *
     * @throws Failure of kind {@link FailureKind#VERIFICATION} if DeciLM would refuse it
     */
    static ReadableModel open(Path directory) {
        Model model = Model.open(directory, config -> new DecilmReader(config).translated());
        try {
            requireSameTensors(model);
            return new ExportSource(model);
        } catch (Throwable e) {
            model.close();
            throw e;
        }
    }

    private static void requireSameTensors(Model model) {
        Set<String> unknown = new TreeSet<>(model.checkpoint().names());
        unknown.removeAll(model.tensors().stream().map(NamedTensor::name).collect(Collectors.toSet()));
        if (!unknown.isEmpty()) {
            throw refused("does not call for "
                    + OneLine.of(unknown.stream().findFirst().orElse("")) + ", which is stored");
        }
    }

    private ObjectNode translated() {
        require(config.path("architectures").path(0).asText().equals("DeciLMForCausalLM"), "names no DeciLM");
        require(config.path("model_type").asText().equals(DecilmConfig.MODEL_TYPE), "has another model_type");
        require(config.path("auto_map").path("AutoConfig").isTextual(), "names no class of its config");
        for (String key : Set.of("attention_bias", "bias", "qkv_bias", "mlp_bias")) {
            require(!config.path(key).asBoolean(), "has " + key);
        }
        require(config.path("logit_scale").asDouble(1) == 1, "has a logit_scale");
        int hidden = size(config, "hidden_size");
        int heads = size(config, "num_attention_heads");
        JsonNode blocks = config.path("block_configs");
        require(
                blocks.isArray() && blocks.size() == size(config, "num_hidden_layers"),
                "has not as many block_configs as layers");
        ObjectNode plain = config.deepCopy();
        plain.put("model_type", "fastforward_llama");
        plain.put("num_key_value_heads", heads);
        plain.put("intermediate_size", FeedForwardMultiplier.MULTIPLE);
        var layerHeads = plain.putArray("layer_head_num");
        var layerGroups = plain.putArray("layer_kv_head_num");
        var layerChannels = plain.putArray("layer_inter_size");
        boolean residual = false;
        for (JsonNode block : blocks) {
            boolean noAttention = flag(block.path("attention"));
            require(residual || !noAttention, "begins with a layer without attention");
            residual = true;
            layerHeads.add(noAttention ? 0 : heads);
            layerGroups.add(noAttention ? 0 : heads / size(block.path("attention"), "n_heads_in_group"));
            layerChannels.add(flag(block.path("ffn")) ? 0 : channels(block.path("ffn"), hidden));
        }
        return plain;
    }

    private static int channels(JsonNode block, int hidden) {
        JsonNode multiplier = block.path("ffn_mult");
        require(
                multiplier.isNumber() && multiplier.doubleValue() > 0 && multiplier.doubleValue() < LARGEST_SIZE,
                "has an ffn_mult that is no positive number");
        long width = new FeedForwardMultiplier(multiplier.doubleValue()).width(hidden);
        require(width > 0 && width <= LARGEST_SIZE, "has an ffn_mult that stands for " + width + " channels");
        return (int) width;
    }

    private static boolean flag(JsonNode module) {
        require(module.path("no_op").isBoolean(), "leaves no_op of a module to the reader");
        return module.path("no_op").booleanValue();
    }

    private static int size(JsonNode section, String key) {
        JsonNode size = section.path(key);
        require(size.canConvertToExactIntegral() && size.canConvertToInt() && size.intValue() > 0, "has a bad " + key);
        require(size.intValue() <= LARGEST_SIZE, "has a " + key + " of " + size.intValue());
        return size.intValue();
    }

    private static void require(boolean holds, String contradiction) {
        if (!holds) {
            throw refused(contradiction);
        }
    }

    private static Failure refused(String contradiction) {
        return FailureKind.VERIFICATION.failure(
                "the directory was written, but vLLM's DeciLM would not take it for the same model: its config.json "
                        + contradiction + "; nothing was kept. Please report it");
    }
}
