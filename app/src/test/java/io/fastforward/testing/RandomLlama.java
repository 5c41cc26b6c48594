package io.fastforward.testing;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.checkpoint.TensorPlan;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Writes small LLaMA checkpoints with random weights: 2 layers, 3 KV groups of 2 query heads of size 4, 10 channels,
 * biases everywhere, 20 tokens, unless told otherwise. Weights are of full rank and far from 0, so that every part of
 * the model matters.
 */
public final class RandomLlama {

    /** Reads and writes NaN and Infinity as Python does. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    private final ObjectNode config = JSON.createObjectNode();
    private final Map<String, List<Long>> extraTensors = new LinkedHashMap<>();
    private final Set<String> missingTensors = new HashSet<>();
    private final Map<String, String> otherNames = new HashMap<>();
    private final Map<String, Float> poisonedTensors = new HashMap<>();
    private final Set<String> zeroTensors = new HashSet<>();
    private final Map<String, DataType> typeOfTensor = new HashMap<>();
    private DataType type = DataType.F32;

    public RandomLlama() {
        config.put("model_type", "llama");
        config.putArray("architectures").add("LlamaForCausalLM");
        config.put("hidden_size", 12);
        config.put("num_hidden_layers", 2);
        config.put("num_attention_heads", 6);
        config.put("num_key_value_heads", 3);
        config.put("head_dim", 4);
        config.put("intermediate_size", 10);
        config.put("vocab_size", 20);
        config.put("max_position_embeddings", 64);
        config.put("rms_norm_eps", 1e-5);
        config.put("attention_bias", true);
        config.put("mlp_bias", true);
        config.put("tie_word_embeddings", false);
    }

    /** Sets a key of the config to a JSON value. */
    public RandomLlama with(String key, String json) {
        try {
            config.set(key, JSON.readTree(json));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return this;
    }

    /** Leaves a key of the config out. */
    public RandomLlama without(String key) {
        config.remove(key);
        return this;
    }

    /** Adds a tensor that the architecture does not have. */
    public RandomLlama extraTensor(String name, long... shape) {
        List<Long> dimensions = new ArrayList<>();
        for (long dimension : shape) {
            dimensions.add(dimension);
        }
        extraTensors.put(name, dimensions);
        return this;
    }

    /** Leaves a tensor out. */
    public RandomLlama withoutTensor(String name) {
        missingTensors.add(name);
        return this;
    }

    /** Stores a tensor under another name. */
    public RandomLlama renamed(String name, String stored) {
        otherNames.put(name, stored);
        return this;
    }

    /** Puts a number in the last place of a tensor. */
    public RandomLlama poison(String name, float value) {
        poisonedTensors.put(name, value);
        return this;
    }

    /** Fills a tensor with zeros. */
    public RandomLlama zero(String name) {
        zeroTensors.add(name);
        return this;
    }

    /** Stores all tensors in a data type. */
    public RandomLlama stored(DataType dataType) {
        type = dataType;
        return this;
    }

    /** Stores one tensor in a data type of its own. */
    public RandomLlama stored(String name, DataType dataType) {
        typeOfTensor.put(name, dataType);
        return this;
    }

    /** Writes config and weights into a directory that holds no weights yet. */
    public Path write(Path directory) {
        writeConfig(directory);
        Map<String, List<Long>> tensors = tensors();
        List<TensorPlan> plan = new ArrayList<>();
        tensors.forEach((name, shape) -> plan.add(new TensorPlan(name, typeOfTensor.getOrDefault(name, type), shape)));
        SplittableRandom random = new SplittableRandom(17);
        try (Arena arena = Arena.ofConfined();
                CheckpointWriter writer = CheckpointWriter.open(directory, plan, Long.MAX_VALUE)) {
            for (TensorPlan tensor : plan) {
                Matrix matrix = randomMatrix(tensor, zeroTensors.contains(tensor.name()) ? 0 : 1, random, arena);
                Float poison = poisonedTensors.get(tensor.name());
                if (poison != null) {
                    matrix.set(matrix.rows() - 1, matrix.columns() - 1, poison);
                }
                writer.write(tensor.name(), matrix);
            }
            writer.finish();
        }
        return directory;
    }

    /** Writes the config alone, over one that is there. */
    public void writeConfig(Path directory) {
        try {
            Files.createDirectories(directory);
            Files.writeString(
                    directory.resolve("config.json"),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(config));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Matrix randomMatrix(TensorPlan tensor, float scale, SplittableRandom random, Arena arena) {
        boolean vector = tensor.shape().size() == 1;
        int columns = tensor.shape().getLast().intValue();
        Matrix matrix = Matrix.allocate(
                arena, DataType.F32, vector ? 1 : tensor.shape().getFirst().intValue(), columns);
        double centre = tensor.name().contains("norm") ? 1 : 0;
        double spread = vector ? 0.3 : tensor.name().contains("embed") ? 1 : 1.5 / Math.sqrt(columns);
        for (int row = 0; row < matrix.rows(); row++) {
            for (int column = 0; column < columns; column++) {
                matrix.set(row, column, scale * (float) (centre + spread * random.nextGaussian()));
            }
        }
        return matrix;
    }

    /** Names and shapes that belong to the config. */
    private Map<String, List<Long>> tensors() {
        long hidden = size("hidden_size");
        long headSize = size("head_dim");
        Map<String, List<Long>> tensors = new LinkedHashMap<>();
        tensors.put("model.embed_tokens.weight", List.of(size("vocab_size"), hidden));
        if (!config.path("tie_word_embeddings").booleanValue()) {
            tensors.put("lm_head.weight", List.of(size("vocab_size"), hidden));
        }
        for (int i = 0; i < size("num_hidden_layers"); i++) {
            long heads = layerSize("layer_head_num", i, "num_attention_heads");
            long groups = layerSize("layer_kv_head_num", i, "num_key_value_heads");
            long valueSize = layerSize("layer_value_head_dim", i, "head_dim");
            long channels = layerSize("layer_inter_size", i, "intermediate_size");
            boolean attentionBias = config.path("attention_bias").booleanValue();
            boolean mlpBias = config.path("mlp_bias").booleanValue();
            String layer = "model.layers." + i + ".";
            tensors.put(layer + "input_layernorm.weight", List.of(hidden));
            putLinear(tensors, layer + "self_attn.q_proj", heads * headSize, hidden, attentionBias);
            putLinear(tensors, layer + "self_attn.k_proj", groups * headSize, hidden, attentionBias);
            putLinear(tensors, layer + "self_attn.v_proj", groups * valueSize, hidden, attentionBias);
            putLinear(tensors, layer + "self_attn.o_proj", hidden, heads * valueSize, attentionBias);
            tensors.put(layer + "post_attention_layernorm.weight", List.of(hidden));
            putLinear(tensors, layer + "mlp.gate_proj", channels, hidden, mlpBias);
            putLinear(tensors, layer + "mlp.up_proj", channels, hidden, mlpBias);
            putLinear(tensors, layer + "mlp.down_proj", hidden, channels, mlpBias);
        }
        tensors.put("model.norm.weight", List.of(hidden));
        tensors.putAll(extraTensors);
        tensors.keySet().removeAll(missingTensors);
        Map<String, List<Long>> stored = new LinkedHashMap<>();
        tensors.forEach((name, shape) -> stored.put(otherNames.getOrDefault(name, name), shape));
        return stored;
    }

    private static void putLinear(Map<String, List<Long>> tensors, String name, long rows, long columns, boolean bias) {
        tensors.put(name + ".weight", List.of(rows, columns));
        if (bias) {
            tensors.put(name + ".bias", List.of(rows));
        }
    }

    private long size(String key) {
        return config.path(key).longValue();
    }

    private long layerSize(String key, int layer, String everywhere) {
        JsonNode sizes = config.path(key);
        return sizes.isArray() ? sizes.path(layer).longValue() : size(everywhere);
    }
}
