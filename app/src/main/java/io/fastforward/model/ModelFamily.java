package io.fastforward.model;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How the checkpoints of one family are read and written. Adding a family means adding one of these to
 * {@link ModelFamilies}, and the modelling file that lets transformers load layers of different widths.
 *
 * @param modelType {@code model_type} in config.json
 * @param className {@code architectures} in config.json
 * @param keys names of the global widths in config.json
 * @param takesEqualWidths whether the family's own class in transformers takes an architecture whose layers have equal
 *     widths, although they are not the original ones
 * @param outputBiases on which output maps the family's class has biases
 * @param hasLayerTypes whether the family's class heeds {@code layer_types}
 * @param reader fills in the architecture
 */
record ModelFamily(
        String modelType,
        String className,
        WidthKeys keys,
        Predicate<ModelSpec> takesEqualWidths,
        OutputBiases outputBiases,
        boolean hasLayerTypes,
        Function<Config, ModelSpec> reader) {

    /** The biases of output maps that a class in transformers has. */
    enum OutputBiases {
        /** On those of modules whose other maps have biases. */
        AS_INPUTS,
        /** On none. */
        NEVER
    }

    static final String LAYERS = "num_hidden_layers";

    /**
     * Whether every output map has a bias, although the family's class has none there. Not {@code attention_bias} and
     * {@code mlp_bias} of LLaMA: they stand for biases on all maps, and no other family has them.
     */
    static final String OUTPUT_BIAS = "output_bias";

    /** How many layers there were before whole ones went; only where some did. */
    static final String UNPRUNED_LAYERS = "unpruned_layer_num";

    static final String LAYER_HEADS = "layer_head_num";
    static final String LAYER_GROUPS = "layer_kv_head_num";
    static final String LAYER_CHANNELS = "layer_inter_size";

    /** Width of a value head; only where it is not that of queries and keys everywhere. */
    static final String LAYER_VALUE_SIZES = "layer_value_head_dim";

    /** What a config has of ours if its layers have different widths. */
    static final List<String> LAYER_LISTS = List.of(LAYER_HEADS, LAYER_GROUPS, LAYER_CHANNELS, LAYER_VALUE_SIZES);

    /**
     * The keys of the widths that all layers share.
     *
     * @param heads number of query heads
     * @param groups number of key/value heads, or null if there are always as many as query heads
     * @param channels MLP width
     */
    record WidthKeys(String heads, @Nullable String groups, String channels) {}

    /**
     * {@code model_type} of a checkpoint whose layers have different widths: another than the family's, whose loaders
     * know only one width for all layers and would silently ignore the others.
     */
    String prunedModelType() {
        return "fastforward_" + modelType;
    }

    /** Name of the modelling file, which is among the resources of the export. */
    String modellingFile() {
        return "modeling_" + prunedModelType() + ".py";
    }

    /**
     * Writes the widths of an architecture into a config that holds everything else: plainly if its layers are equal and
     * the family's own class takes them, else as lists, with the classes that know what to do with them.
     */
    void writeWidths(ModelSpec spec, ObjectNode config) {
        config.remove(LAYER_LISTS);
        config.remove(List.of(OUTPUT_BIAS, "auto_map"));
        int unpruned = config.path(UNPRUNED_LAYERS).asInt(config.path(LAYERS).asInt());
        config.put(LAYERS, spec.layers().size());
        config.remove(UNPRUNED_LAYERS);
        if (spec.layers().size() < unpruned) {
            config.put(UNPRUNED_LAYERS, unpruned);
        }
        if (isPlain(spec)) {
            LayerSpec layer = spec.layers().getFirst();
            AttentionSpec attention = layer.attention();
            config.put("model_type", modelType);
            config.putArray("architectures").add(className);
            config.put(keys.heads(), attention.heads());
            if (keys.groups() != null) {
                config.put(keys.groups(), attention.groups());
                config.put("head_dim", attention.headSize());
            }
            config.put(keys.channels(), layer.mlp().channels());
            return;
        }
        config.put("model_type", prunedModelType());
        String prunedClass = "FastForward" + className;
        config.putArray("architectures").add(prunedClass);
        String module = modellingFile().substring(0, modellingFile().length() - ".py".length());
        ObjectNode automatic = config.putObject("auto_map");
        automatic.put("AutoConfig", module + "." + prunedClass.replace("ForCausalLM", "Config"));
        automatic.put("AutoModelForCausalLM", module + "." + prunedClass);
        if (hasAddedBiases(spec)) {
            config.put(OUTPUT_BIAS, true);
        }
        config.put("head_dim", spec.layers().getFirst().attention().headSize());
        var heads = config.putArray(LAYER_HEADS);
        var groups = config.putArray(LAYER_GROUPS);
        var channels = config.putArray(LAYER_CHANNELS);
        for (LayerSpec layer : spec.layers()) {
            heads.add(layer.attention().heads());
            groups.add(layer.attention().groups());
            channels.add(layer.mlp().channels());
        }
        if (!spec.layers().stream().allMatch(ModelFamily::hasFullValues)) {
            var values = config.putArray(LAYER_VALUE_SIZES);
            spec.layers().forEach(layer -> values.add(layer.attention().valueSize()));
        }
    }

    private static boolean hasFullValues(LayerSpec layer) {
        AttentionSpec attention = layer.attention();
        return attention.isIdentity() || attention.valueSize() == attention.headSize();
    }

    /**
     * The width of a value head of every layer; 0 where there are no heads.
     *
     * @param headSize that of queries and keys, and of values unless the config lists others
     * @param heads the query heads of each layer
     */
    static List<Integer> valueSizes(Config config, int headSize, List<Integer> heads) {
        List<Integer> sizes = config.counts(LAYER_VALUE_SIZES, heads.size(), headSize);
        for (int i = 0; i < sizes.size() && config.has(LAYER_VALUE_SIZES); i++) {
            int size = sizes.get(i);
            if (heads.get(i) == 0 ? size != 0 : size < 1 || size > headSize) {
                throw Config.damaged(LAYER_VALUE_SIZES + " of layer " + i + " must be "
                        + (heads.get(i) == 0 ? "0, as it has no heads" : "from 1 to the head size of " + headSize)
                        + ", but is " + size);
            }
        }
        return sizes;
    }

    /** Whether an architecture needs no class of ours. */
    boolean isPlain(ModelSpec spec) {
        LayerSpec first = spec.layers().getFirst();
        boolean equal = spec.layers().stream()
                .allMatch(layer -> !layer.attention().isIdentity()
                        && !layer.mlp().isIdentity()
                        && hasFullValues(layer)
                        && layer.attention().groups() == first.attention().groups()
                        && layer.attention().heads() == first.attention().heads()
                        && layer.mlp().channels() == first.mlp().channels());
        return equal && takesEqualWidths.test(spec) && !hasAddedBiases(spec);
    }

    /** Whether an output map has a bias where the family's class has none. */
    boolean hasAddedBiases(ModelSpec spec) {
        return spec.layers().stream()
                .anyMatch(layer -> isAdded(
                                layer.attention(),
                                layer.attention().inputBias(),
                                layer.attention().outputBias())
                        || isAdded(
                                layer.mlp(),
                                layer.mlp().inputBias(),
                                layer.mlp().outputBias()));
    }

    private boolean isAdded(ModuleSpec module, boolean inputBias, boolean outputBias) {
        return !module.isIdentity()
                && outputBias
                && switch (outputBiases) {
                    case AS_INPUTS -> !inputBias;
                    case NEVER -> true;
                };
    }
}
