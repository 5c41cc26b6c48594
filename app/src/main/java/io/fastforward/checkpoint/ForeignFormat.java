package io.fastforward.checkpoint;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * What a directory holds instead of a Hugging Face checkpoint with safetensors weights: the formats of other programs,
 * and parts of a checkpoint. Told from the names of its files; the first that fits counts.
 */
enum ForeignFormat {
    DIFFUSION("diffusion_pytorch_model.*|model_index\\.json", "holds a diffusion model, not a language model"),
    META(
            "consolidated\\.\\d+\\.pth",
            "holds weights in Meta's own format; download the model's version for transformers (on the Hugging Face Hub,"
                    + " often with -hf in its name), or convert it with convert_llama_weights_to_hf.py of transformers"),
    MISTRAL(
            "consolidated(-.*)?\\.safetensors",
            "holds weights in Mistral's own format, with other tensor names; download model.safetensors (or"
                    + " model.safetensors.index.json and its files) and config.json of the same model, too"),
    SHARDS_WITHOUT_INDEX(
            "model-\\d{5}-of-\\d{5}\\.safetensors",
            FailureKind.NOT_FOUND,
            "holds parts of the weights, but not the index that joins them; download model.safetensors.index.json into"
                    + " the same directory"),
    VARIANT(
            "model\\.[^/]+\\.safetensors|model\\.safetensors\\.index\\.[^/.]+\\.json",
            FailureKind.NOT_FOUND,
            "holds weights under the name of a variant; rename the file to model.safetensors (an index and its files"
                    + " likewise, without the variant's name)"),
    OTHER_SAFETENSORS(
            "(?!model\\.|adapter_).+\\.safetensors",
            FailureKind.NOT_FOUND,
            "holds no model.safetensors, but a file of another name; if it holds all weights, rename it to"
                    + " model.safetensors"),
    GGUF(".+\\.gguf|ggml-.*", "holds a GGUF file, the format of llama.cpp; " + ForeignFormat.TAKE_ORIGINAL),
    PYTORCH(
            "pytorch_model.*\\.bin(\\.index\\.json)?",
            "holds its weights as PyTorch saves them; " + ForeignFormat.CONVERT),
    TENSORFLOW("tf_model.*\\.h5|saved_model\\.pb", "holds weights of TensorFlow; " + ForeignFormat.TAKE_ORIGINAL),
    FLAX("flax_model.*\\.msgpack.*", "holds weights of Flax; " + ForeignFormat.TAKE_ORIGINAL),
    ONNX(".+\\.onnx|.+\\.onnx_data", "holds an ONNX file; " + ForeignFormat.TAKE_ORIGINAL),
    TRAINING_STATE(
            "zero_to_fp32\\.py|global_step\\d+|pytorch_model_fsdp_\\d+|.+\\.distcp",
            "holds the state of a training run in parts (DeepSpeed or FSDP); join them first: python zero_to_fp32.py . OUT"
                    + " --safe_serialization for DeepSpeed, accelerate merge-weights DIR OUT for FSDP"),
    OTHER_WEIGHTS(
            ".+\\.(pth|pt|ckpt|bin|npz|nemo|engine|h5|msgpack|pdparams)",
            "holds no safetensors weights, but a file of another format; " + ForeignFormat.TAKE_ORIGINAL);

    /** Advice where transformers reads what we do not. */
    static final String CONVERT = "convert it with transformers:"
            + " AutoModelForCausalLM.from_pretrained(DIR).save_pretrained(NEW_DIR), and likewise AutoTokenizer";

    /** Advice where nothing converts what is there without loss, or at all. */
    static final String TAKE_ORIGINAL =
            "take the model's original checkpoint with safetensors weights (F32, F16 or BF16)";

    private final Pattern names;
    private final FailureKind kind;
    private final String explanation;

    /** Weights in a form that is not read here. */
    ForeignFormat(String names, String explanation) {
        this(names, FailureKind.UNSUPPORTED_MODEL, explanation);
    }

    ForeignFormat(String names, FailureKind kind, String explanation) {
        this.names = Pattern.compile(names, Pattern.CASE_INSENSITIVE | Pattern.DOTALL);
        this.kind = kind;
        this.explanation = explanation;
    }

    /** The failure for a directory that holds such files, if it holds anything that is recognised. */
    static Optional<Failure> explain(Path directory, Set<String> entries) {
        for (ForeignFormat format : values()) {
            List<String> found = entries.stream()
                    .filter(name -> format.names.matcher(name).matches())
                    .toList();
            if (!found.isEmpty()) {
                String example = "'" + OneLine.of(found.getFirst()) + "'"
                        + (found.size() > 1 ? " and " + (found.size() - 1) + " more" : "");
                return Optional.of(format.kind.failure("'" + directory + "' (" + example + ") " + format.explanation));
            }
        }
        return Optional.empty();
    }
}
