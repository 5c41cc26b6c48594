package io.fastforward.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Ways to store weights other than plainly, told from the tensors that are really there: a {@code quantization_config}
 * that was left over beside plain weights changes nothing.
 */
enum ForeignWeights {
    LORA("LoRA adapters that were not merged", "", ".+\\.lora_[AB]\\..+|.+\\.base_layer\\..+"),
    GPTQ("GPTQ", "gptq|gptqmodel", ".+\\.g_idx"),
    AWQ("AWQ", "awq", ".+\\.qweight"),
    BITSANDBYTES(
            "bitsandbytes",
            "bitsandbytes",
            ".+\\.weight\\.(absmax|quant_map|quant_state\\..+)|.+\\.SCB|.+\\.weight_format"),
    COMPRESSED_TENSORS("compressed-tensors", "compressed-tensors", ".+\\.weight_(packed|shape)"),
    TORCHAO("torchao", "torchao", ".+\\._weight_(qdata|scale.*)|.+\\.weight:_data"),
    HQQ("HQQ", "hqq", ".+\\.W_q"),
    QUANTO("Quanto", "quanto", ".+\\.weight\\._data"),
    AQLM("AQLM", "aqlm", ".+\\.codebooks"),
    MXFP4("MXFP4", "mxfp4", ".+_blocks"),
    MLX("MLX", "", ".+\\.biases"),
    FP8("FP8", "fp8|fbgemm_fp8", ".+\\.weight_scale(_inv)?"),
    OTHER("a method that is not named", "", ".+\\.(input_scale|weight_scales?|scales|qzeros)");

    /** Ends of the names of tensors that stand for the weight {@code <name>.weight}, which is then missing. */
    private static final Pattern IN_PLACE_OF_WEIGHT = Pattern.compile(
            "\\.(qweight|weight_packed|W_q|codes|_weight_qdata|weight:_data|weight\\._data|weight_blocks)\\z");

    private final String title;
    private final Pattern methods;
    private final Pattern marks;

    /**
     * @param methods its values of {@code quant_method}
     * @param marks the names of tensors that tell it from others
     */
    ForeignWeights(String title, String methods, String marks) {
        this.title = title;
        this.methods = Pattern.compile(methods, Pattern.CASE_INSENSITIVE);
        this.marks = Pattern.compile(marks);
    }

    /**
     * Refuses weights that are not stored plainly.
     *
     * @param types the types of all tensors by their name
     * @throws Failure of kind {@link FailureKind#UNSUPPORTED_MODEL} that names how they are stored
     */
    static void refuse(Path directory, JsonNode config, Map<String, StoredType> types) {
        Optional<String> adapter = types.keySet().stream().filter(LORA::marks).findFirst();
        if (adapter.isPresent()) {
            throw refusal(
                    directory,
                    LORA.title,
                    adapter.get(),
                    "merge them: merge_and_unload().save_pretrained(NEW_DIR) of the PEFT model");
        }
        Optional<String> packed =
                types.keySet().stream().filter(name -> isPacked(name, types)).findFirst();
        if (packed.isEmpty()) {
            return;
        }
        // Without a mark it is just a type that we do not read; what needs the tensor will say so.
        way(types).ifPresent(way -> {
            throw refusal(
                    directory,
                    "weights that are quantised with " + title(config, way),
                    packed.get(),
                    "prune the model that it was made from, and quantise the result");
        });
    }

    private static Failure refusal(Path directory, String what, String tensor, String advice) {
        return FailureKind.UNSUPPORTED_MODEL.failure("'" + directory + "' holds " + what + " (such as '"
                + OneLine.of(tensor) + "'), but only plain weights in F32, F16 and BF16 can be pruned; " + advice);
    }

    private static boolean isPacked(String name, Map<String, StoredType> types) {
        String weight = IN_PLACE_OF_WEIGHT.matcher(name).replaceFirst(".weight");
        return weight.endsWith(".weight") && !isPlain(weight, types);
    }

    private static boolean isPlain(String name, Map<String, StoredType> types) {
        StoredType type = types.get(name);
        return type != null && type.readable() != null;
    }

    private static Optional<ForeignWeights> way(Map<String, StoredType> types) {
        return Arrays.stream(values())
                .filter(way -> types.keySet().stream().anyMatch(way::marks))
                .findFirst();
    }

    private boolean marks(String tensor) {
        return marks.matcher(tensor).matches();
    }

    /** What config.json says is more exact than what the tensors tell: several methods use the same names. */
    private static String title(JsonNode config, ForeignWeights way) {
        String method = config.path("quantization_config").path("quant_method").asText("");
        return Arrays.stream(values())
                .filter(known ->
                        !method.isEmpty() && known.methods.matcher(method).matches())
                .findFirst()
                .map(known -> known.title)
                .orElse(method.isEmpty() ? way.title : "'" + OneLine.of(method) + "'");
    }
}
