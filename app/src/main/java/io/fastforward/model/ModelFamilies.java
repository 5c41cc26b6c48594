package io.fastforward.model;

import io.fastforward.failure.Failure;
import io.fastforward.model.ModelFamily.OutputBiases;
import io.fastforward.model.ModelFamily.WidthKeys;
import io.fastforward.spi.model.ModelSpec;
import java.util.List;
import java.util.stream.Collectors;

/** The families of models that FastForward knows. */
final class ModelFamilies {

    private static final WidthKeys GROUPED_KEYS =
            new WidthKeys("num_attention_heads", "num_key_value_heads", "intermediate_size");

    private static final List<ModelFamily> ALL = List.of(
            new ModelFamily(
                    "llama",
                    "LlamaForCausalLM",
                    GROUPED_KEYS,
                    // transformers 5 demands it although it has a head size of its own
                    spec -> spec.hiddenSize()
                                    % spec.layers().getFirst().attention().heads()
                            == 0,
                    OutputBiases.AS_INPUTS,
                    false,
                    config -> RotaryDecoder.read(config, RotaryDecoder.Traits.ofLlama(config))),
            new ModelFamily(
                    "mistral",
                    "MistralForCausalLM",
                    GROUPED_KEYS,
                    spec -> true,
                    OutputBiases.NEVER,
                    false,
                    config -> RotaryDecoder.read(config, RotaryDecoder.Traits.ofMistral(config))),
            new ModelFamily(
                    "qwen2",
                    "Qwen2ForCausalLM",
                    GROUPED_KEYS,
                    spec -> true,
                    OutputBiases.NEVER,
                    true,
                    config -> RotaryDecoder.read(config, RotaryDecoder.Traits.ofQwen2(config))),
            new ModelFamily(
                    "opt",
                    "OPTForCausalLM",
                    new WidthKeys("num_attention_heads", null, "ffn_dim"),
                    // its class computes the head size from the number of heads
                    OptDecoder::hasAllHeads,
                    OutputBiases.AS_INPUTS,
                    false,
                    OptDecoder::read));

    private ModelFamilies() {}

    /** The family of an architecture that was read. */
    static ModelFamily of(ModelSpec spec) {
        return ALL.stream()
                .filter(family -> family.modelType().equals(spec.family()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no family is called '" + spec.family() + "'"));
    }

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
                .orElseThrow(
                        () -> Config.unsupported("architecture '" + modelType + "' is not supported; supported are: "
                                + ALL.stream().map(ModelFamily::modelType).collect(Collectors.joining(", "))));
    }
}
