package io.fastforward.checkpoint;

import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which files beside the weights a derived checkpoint does without, and why; the first that fits counts. All others are
 * carried over, whatever they are called: new versions of transformers bring new names.
 */
enum CompanionRule {
    /** What nobody expects to find in the copy of a model, so nothing is said about it. */
    HIDDEN("\\..*|config\\.json|__pycache__", ""),
    WEIGHTS(
            ".+\\.(safetensors|bin|pt|pth|ckpt|gguf|ggml|h5|msgpack|onnx|onnx_data|npz|npy|distcp|nemo|tflite|engine"
                    + "|pdparams|mar)|.+\\.index(\\..+)?\\.json",
            "weights"),
    DESCRIPTION_OF_WEIGHTS(
            "params\\.json|quanti[sz]e_config\\.json|quant_config\\.json|hf_quant_config\\.json|recipe\\.yaml"
                    + "|adapter_config\\.json|model_index\\.json|mergekit_config\\.ya?ml",
            "it describes other weights"),
    MODELLING_CODE("(modeling|modelling|configuration)_.+\\.py", "code for the unpruned model"),
    MODEL_CARD("(readme|model_?card)(\\..*)?|.+\\.(png|jpe?g|gif|svg|webp|pdf|mp4)", "it describes the unpruned model"),
    TRAINING_STATE(
            "trainer_state\\.json|trainer_log\\.jsonl|(all|train|eval)_results\\.json|training_args.*|zero_to_fp32\\.py"
                    + "|latest|events\\.out\\.tfevents.*|.+\\.log",
            "state of the training"),
    DATA(".+\\.(jsonl|csv|tsv|parquet|arrow|zip|tar|gz|tgz|xz|zst|bz2|7z|db|sqlite)", "data, not part of the model"),
    LEFTOVER(
            ".+\\.(incomplete|part|partial|aria2|crdownload|download|lock|tmp|bak|swp)|.+~|.+\\.partial-[0-9a-f]{8}",
            "a leftover");

    private final Pattern names;
    private final String reason;

    CompanionRule(String names, String reason) {
        this.names = Pattern.compile(names, Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
        this.reason = reason;
    }

    /** The rule that leaves out a file, by its name; empty if it is carried over. */
    static Optional<CompanionRule> leavingOut(String name) {
        return Arrays.stream(values())
                .filter(rule -> rule.names.matcher(name).matches())
                .findFirst();
    }

    /** Why, for a person; empty if it is not worth a word. */
    String reason() {
        return reason;
    }
}
