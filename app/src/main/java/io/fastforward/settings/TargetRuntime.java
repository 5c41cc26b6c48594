package io.fastforward.settings;

import com.fasterxml.jackson.annotation.JsonValue;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.search.Constraints;
import java.util.Set;

/**
 * What a pruned model is meant to run on. Each allows other widths to differ between layers, and what it does not allow
 * must be known before the search (docs/decisions/families.md).
 */
public enum TargetRuntime {
    /** transformers, with the modelling file that comes with the checkpoint: everything may differ. */
    HF("hf"),
    /**
     * llama.cpp, whose architecture {@code deci} has heads, KV heads and MLP widths of each layer, without biases on
     * queries, keys and values: of Qwen2 the MLP alone may be pruned. Blocks of quantised weights have 32 columns. Values
     * have one width for all layers.
     */
    LLAMA_CPP("llama.cpp"),
    /**
     * vLLM, whose DeciLM has an MLP width of each layer, in multiples of 256, and one number of heads for all, with values
     * as wide as keys.
     */
    VLLM("vllm"),
    /** All of the others. */
    ANY("any");

    private static final Set<String> LLAMA_CPP_FAMILIES = Set.of("llama", "mistral", "qwen2");
    private static final Set<String> VLLM_FAMILIES = Set.of("llama", "mistral");
    private static final int QUANTISED_BLOCK = 32;
    private static final int VLLM_MULTIPLE = 256;

    private final String id;

    TargetRuntime(String id) {
        this.id = id;
    }

    /**
     * The constraints of a run, with those of this runtime.
     *
     * @throws Failure if it does not run the family, or not with query heads or values of its own in every layer
     */
    public Constraints constrain(String family, AttentionPruning attention, Constraints asked) {
        return switch (this) {
            case HF -> asked;
            case LLAMA_CPP -> forLlamaCpp(family, attention, asked);
            case VLLM -> forVllm(family, attention, asked);
            case ANY -> forVllm(family, attention, forLlamaCpp(family, attention, asked));
        };
    }

    private Constraints forLlamaCpp(String family, AttentionPruning attention, Constraints asked) {
        requireFamily("llama.cpp", LLAMA_CPP_FAMILIES, family);
        requireOneValueWidth(attention);
        Constraints rounded = asked.withMultipleOf(QUANTISED_BLOCK);
        return family.equals("qwen2") ? rounded.withAttentionFixed() : rounded;
    }

    private Constraints forVllm(String family, AttentionPruning attention, Constraints asked) {
        requireFamily("vLLM", VLLM_FAMILIES, family);
        requireOneValueWidth(attention);
        if (attention == AttentionPruning.QUERY_HEADS) {
            throw FailureKind.USAGE.failure(
                    Setting.TARGET_RUNTIME + " " + id + " has one number of query heads for all layers, so "
                            + Setting.ATTENTION + " query-heads cannot be; leave it out, or ask for "
                            + Setting.ATTENTION + " none");
        }
        return asked.withMultipleOf(VLLM_MULTIPLE).withAttentionFixed();
    }

    private void requireOneValueWidth(AttentionPruning attention) {
        if (attention == AttentionPruning.VALUE_CHANNELS) {
            throw FailureKind.USAGE.failure(Setting.TARGET_RUNTIME + " " + id
                    + " holds values of one width for all layers, so " + Setting.ATTENTION
                    + " value-channels cannot be; leave it out, or ask for " + Setting.ATTENTION + " none, or leave "
                    + Setting.TARGET_RUNTIME + " out: " + Setting.FORMAT
                    + " hf-padded gives a model that runs wherever the unpruned one does");
        }
    }

    private void requireFamily(String runtime, Set<String> families, String family) {
        if (!families.contains(family)) {
            throw FailureKind.UNSUPPORTED_MODEL.failure(
                    Setting.TARGET_RUNTIME + " " + id + ": " + runtime + " does not run pruned models of the family '"
                            + family
                            + "' (it runs "
                            + String.join(", ", families.stream().sorted().toList())
                            + "); " + Setting.FORMAT
                            + " hf-padded gives a model that runs wherever the unpruned one does");
        }
    }

    @JsonValue
    @Override
    public String toString() {
        return id;
    }
}
