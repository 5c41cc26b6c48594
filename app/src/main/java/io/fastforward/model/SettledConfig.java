package io.fastforward.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Leaves one truth in a config that is written: every setting once, under the key that all versions of the readers know,
 * with the value by which the model was read; nothing that the written weights contradict.
 */
final class SettledConfig {

    static final String TIED = "tie_word_embeddings";

    private static final String DATA_TYPE = "torch_dtype"; // read by transformers 4 and 5 alike
    private static final String NEW_DATA_TYPE = "dtype";
    private static final String LAYER_TYPES = "layer_types";
    private static final String WINDOW = "sliding_window";

    /** What says how weights are packed: those that could be read are not. */
    private static final List<String> QUANTIZATION = List.of("quantization_config", "compression_config");

    /** What is about the files or the heads of the source alone. */
    private static final List<String> OF_THE_SOURCE = List.of("transformers_weights", "pruned_heads");

    private SettledConfig() {}

    /**
     * Settles a config whose widths are written already.
     *
     * @param spec the model
     * @param written the architecture that is written
     * @param dataTypes those of the written weights
     */
    static void settle(
            ObjectNode config, ModelFamily family, ModelSpec spec, ModelSpec written, Set<DataType> dataTypes) {
        config.remove(QUANTIZATION);
        config.remove(OF_THE_SOURCE);
        config.put(TIED, spec.tiedEmbeddings());
        settleDataType(config, dataTypes);
        settleWindows(config, family, spec, written);
        RotarySettings rotary =
                spec.positions() == null ? RotarySettings.read(new Config(config), spec.contextLength()) : null;
        RotarySettings.remove(config);
        if (rotary != null) {
            rotary.write(config, family.isPlain(written));
        }
    }

    /** Lines on settings of a config that contradict each other, or the weights, and on what was taken. */
    static List<String> remarks(Config config, ModelSpec declared, boolean headDiffers) {
        List<String> remarks = new ArrayList<>();
        if (headDiffers) {
            remarks.add(
                    "tie_word_embeddings says that the head is the embedding, but both are stored and differ; taken,"
                            + " as in transformers 5, are both, and what is written says false");
        }
        String taken = config.text(NEW_DATA_TYPE);
        String other = config.text(DATA_TYPE);
        if (taken != null && other != null && !taken.equals(other)) {
            remarks.add("dtype and torch_dtype contradict each other; the weights are read as they are stored");
        }
        if (declared.positions() == null) {
            remarks.addAll(RotarySettings.remarks(config, declared.contextLength()));
        }
        QUANTIZATION.stream()
                .filter(config::has)
                .forEach(key -> remarks.add(key + " is there, but the weights are plain; they are read as they are, and"
                        + " the key is not carried over"));
        return remarks;
    }

    /** Weights of one type are named by it; of several, as the source names them. */
    private static void settleDataType(ObjectNode config, Set<DataType> dataTypes) {
        JsonNode named = config.hasNonNull(NEW_DATA_TYPE) ? config.get(NEW_DATA_TYPE) : config.get(DATA_TYPE);
        config.remove(List.of(DATA_TYPE, NEW_DATA_TYPE));
        if (dataTypes.size() == 1) {
            config.put(DATA_TYPE, name(dataTypes.iterator().next()));
        } else if (named != null) {
            config.set(DATA_TYPE, named);
        }
    }

    private static String name(DataType dataType) {
        return switch (dataType) {
            case F32 -> "float32";
            case F16 -> "float16";
            case BF16 -> "bfloat16";
        };
    }

    /**
     * Where the family's class has one window for all layers, a list of their types would stand for another class; where
     * it has a window by layer and layers go, the others have to be listed.
     */
    private static void settleWindows(ObjectNode config, ModelFamily family, ModelSpec spec, ModelSpec written) {
        if (family.hasLayerTypes() && written.layers().size() < spec.layers().size()) {
            ArrayNode types = config.putArray(LAYER_TYPES);
            written.layers().forEach(layer -> types.add(RotaryDecoder.layerType(layer.attention())));
        }
        if (family.hasLayerTypes() || !config.has(LAYER_TYPES)) {
            return;
        }
        config.remove(LAYER_TYPES);
        int window = spec.layers().getFirst().attention().slidingWindow();
        if (window == 0) {
            config.putNull(WINDOW);
        } else {
            config.put(WINDOW, window);
        }
    }
}
