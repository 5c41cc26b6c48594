package io.fastforward.export;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.checkpoint.Checkpoint;
import io.fastforward.checkpoint.StoredTensor;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Reads a written checkpoint as the format's readers do: config.json says which class is built, with which tensors of
 * which shapes, and every setting stands there once. It shares no code with what writes, nor with what reads models
 * here; {@link ReloadCheck} compares this program with itself and cannot see where the two would differ from others.
 */
final class ReaderCheck {

    private static final String OWN = "fastforward_";
    private static final Set<String> FAMILIES = Set.of("llama", "mistral", "qwen2", "opt");
    private static final List<String> LAYER_LISTS =
            List.of("layer_head_num", "layer_kv_head_num", "layer_inter_size", "layer_value_head_dim");

    /** Keys of which a reader takes one and forgets the other. */
    private static final List<List<String>> ALTERNATIVES = List.of(
            List.of("dtype", "torch_dtype"),
            List.of("rope_parameters", "rope_scaling"),
            List.of("rope_parameters", "rope_theta"));

    /** What calls for weights of another kind, or from other files, than those that are written. */
    private static final List<String> FOREIGN =
            List.of("quantization_config", "compression_config", "per_layer_config", "transformers_weights");

    private static final Map<String, String> DATA_TYPES =
            Map.of("F32", "float32", "F16", "float16", "BF16", "bfloat16");

    private final Path directory;
    private final Checkpoint checkpoint;
    private final JsonNode config;

    private ReaderCheck(Path directory, Checkpoint checkpoint) {
        this.directory = directory;
        this.checkpoint = checkpoint;
        this.config = checkpoint.config();
    }

    /**
     * Reads config and headers, and the embeddings if they are stored twice.
     *
     * @throws Failure of kind {@link FailureKind#VERIFICATION} if a reader would refuse the directory, or take it for
     *     another model
     */
    static void run(Path directory) {
        try (Checkpoint checkpoint = Checkpoint.open(directory)) {
            ReaderCheck check = new ReaderCheck(directory, checkpoint);
            check.requireOneTruth();
            check.requireClass();
            check.requireTensors();
            check.requireDataType();
        }
    }

    private void requireOneTruth() {
        for (List<String> keys : ALTERNATIVES) {
            require(!keys.stream().allMatch(config::hasNonNull), "has both " + String.join(" and ", keys));
        }
        for (String key : FOREIGN) {
            require(!config.hasNonNull(key), "has " + key);
        }
        require(config.path("tie_word_embeddings").isBoolean(), "leaves tie_word_embeddings to the reader");
    }

    private void requireClass() {
        String type = config.path("model_type").asText();
        require(FAMILIES.contains(family()), "has the model_type '" + OneLine.of(type) + "'");
        JsonNode automatic = config.path("auto_map");
        if (!isOwn()) {
            require(automatic.isMissingNode(), "names classes in auto_map that the reader has itself");
            for (String list : LAYER_LISTS) {
                require(!config.has(list), "has " + list + ", which the class of '" + type + "' ignores");
            }
            require(!config.has("output_bias"), "has output_bias, which the class of '" + type + "' ignores");
            boolean anotherClass = family().equals("mistral") && config.has("layer_types");
            require(!anotherClass, "has layer_types, by which readers take mistral for ministral");
            boolean divisible = number("hidden_size") % number("num_attention_heads") == 0;
            require(divisible || !family().equals("llama"), "has heads that do not divide the hidden size");
            return;
        }
        // A reader that may not run our code takes the config without a class, and can do nothing with the older form.
        require(
                !config.hasNonNull("rope_scaling") && !config.hasNonNull("rope_theta"),
                "has rope_theta or rope_scaling beside a class of its own");
        requirePython(automatic.path("AutoConfig").asText());
        requirePython(automatic.path("AutoModelForCausalLM").asText());
    }

    /** A reference as {@code module.Class}, to a file that comes along. */
    private void requirePython(String reference) {
        int dot = reference.indexOf('.');
        require(dot > 0, "has no auto_map for its class");
        Path file = directory.resolve(reference.substring(0, dot) + ".py");
        try {
            boolean defined = Files.isRegularFile(file)
                    && Files.readString(file, StandardCharsets.UTF_8)
                            .contains("\nclass " + reference.substring(dot + 1) + "(");
            require(defined, "names " + OneLine.of(reference) + " in auto_map, which is not there");
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure("cannot read back " + file + ": " + e.getMessage(), e);
        }
    }

    private void requireTensors() {
        ReaderTensors expected = ReaderTensors.of(config, family(), isOwn());
        Set<String> stored = new HashSet<>(checkpoint.names());
        Set<String> missing = new TreeSet<>(expected.shapes().keySet());
        missing.removeAll(stored);
        if (config.path("tie_word_embeddings").booleanValue()) {
            requireTied(expected, missing);
        }
        require(missing.isEmpty(), "calls for " + missing.stream().findFirst().orElse("") + ", which is not stored");
        Set<String> unexpected = new TreeSet<>(stored);
        unexpected.removeAll(expected.shapes().keySet());
        require(
                unexpected.isEmpty(),
                "does not call for "
                        + OneLine.of(unexpected.stream().findFirst().orElse("")) + ", which is stored");
        for (String name : stored) {
            List<Long> shape = checkpoint.tensor(name).shape();
            List<Long> called = Objects.requireNonNull(expected.shapes().get(name), name);
            require(shape.equals(called), "calls for " + called + " as the shape of " + name + ", which is " + shape);
        }
    }

    /** One of a tied pair is enough; where both are there, newer readers tie them only if they are equal. */
    private void requireTied(ReaderTensors expected, Set<String> missing) {
        String embedding = expected.embedding();
        String head = expected.head();
        if (checkpoint.contains(embedding) && checkpoint.contains(head)) {
            StoredTensor first = checkpoint.tensor(embedding);
            StoredTensor second = checkpoint.tensor(head);
            require(
                    first.type() == second.type() && first.data().mismatch(second.data()) < 0,
                    "ties the head to the embedding, but the two differ");
        } else if (checkpoint.contains(embedding) || checkpoint.contains(head)) {
            missing.remove(embedding);
            missing.remove(head);
        }
    }

    private void requireDataType() {
        Set<String> stored = checkpoint.names().stream()
                .map(name -> checkpoint.tensor(name).type().name())
                .collect(Collectors.toSet());
        JsonNode named = config.hasNonNull("dtype") ? config.get("dtype") : config.path("torch_dtype");
        boolean oneOfSeveral = stored.size() > 1;
        require(
                oneOfSeveral
                        || named.asText()
                                .equals(DATA_TYPES.get(stored.iterator().next())),
                "names the data type '" + OneLine.of(named.asText()) + "', but the weights are " + stored);
    }

    private boolean isOwn() {
        return config.path("model_type").asText().startsWith(OWN);
    }

    private String family() {
        String type = config.path("model_type").asText();
        return isOwn() ? type.substring(OWN.length()) : type;
    }

    private long number(String key) {
        return config.path(key).longValue();
    }

    private static void require(boolean holds, String contradiction) {
        if (!holds) {
            throw FailureKind.VERIFICATION.failure(
                    "the checkpoint was written, but its readers would not take it for the same model: its config.json "
                            + contradiction + "; nothing was kept. Please report it");
        }
    }
}
