package io.fastforward.export;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.format.WriteSettings;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Failures;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The check reads as others do: each contradiction between config and weights is found without our own reading. */
class ReaderCheckTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @MethodSource("io.fastforward.testing.Golden#families")
    void whatIsWrittenIsInOrder(String family) {
        for (HuggingFaceFormat format : HuggingFaceFormat.values()) {
            ReaderCheck.run(written(Golden.path(family), format));
        }
    }

    @ParameterizedTest
    @EnumSource(HuggingFaceFormat.class)
    void everyContradictionIsFound(HuggingFaceFormat format) throws IOException {
        Path checkpoint = written(new RandomLlama().write(directory.resolve("dense")), format);
        requireFound(checkpoint, "dtype", "\"float32\"", "both dtype and torch_dtype");
        requireFound(checkpoint, "torch_dtype", "\"bfloat16\"", "data type 'bfloat16'", "F32");
        requireFound(checkpoint, "quantization_config", "{\"quant_method\":\"gptq\"}", "quantization_config");
        requireFound(checkpoint, "tie_word_embeddings", "true", "the two differ");
        requireFound(checkpoint, "tie_word_embeddings", "null", "tie_word_embeddings");
        requireFound(checkpoint, "mlp_bias", "false", "does not call for", "bias");
        requireFound(checkpoint, "num_hidden_layers", "3", "calls for model.layers.2.");
        requireFound(checkpoint, "num_hidden_layers", "1", "does not call for model.layers.1.");
        requireFound(checkpoint, "head_dim", "2", "as the shape of");
        requireFound(checkpoint, "vocab_size", "21", "calls for [21, 12]");
        requireFound(checkpoint, "model_type", "\"gpt2\"", "gpt2");
    }

    @Test
    void theClassIsThere() throws IOException {
        Path own = written(new RandomLlama().write(directory.resolve("dense")), HuggingFaceFormat.REAL_WIDTHS);
        requireFound(
                own, "rope_scaling", "{\"rope_type\":\"linear\",\"factor\":2}", "rope_parameters and rope_scaling");
        requireFound(own, "auto_map", "{}", "no auto_map");
        requireFound(
                own,
                "auto_map",
                "{\"AutoConfig\":\"modeling_fastforward_llama.Other\",\"AutoModelForCausalLM\":\"x.Y\"}",
                "modeling_fastforward_llama.Other");
        requireFound(own, "model_type", "\"llama\"", "auto_map");
        Files.delete(own.resolve("modeling_fastforward_llama.py"));
        Failures.expect(FailureKind.VERIFICATION, () -> ReaderCheck.run(own), "modeling_fastforward_llama");
    }

    @ParameterizedTest
    @CsvSource({"tiny-llama2, rope_parameters", "tiny-mistral, layer_types"})
    void plainClassesHaveTheirOwnForm(String family, String key) throws IOException {
        Path plain = written(Golden.path(family), HuggingFaceFormat.PADDED);
        requireFound(plain, key, "[\"full_attention\"]", key);
        requireFound(plain, "layer_head_num", "[8,8,8]", "layer_head_num");
        requireFound(plain, "layer_value_head_dim", "[4,4,4]", "layer_value_head_dim");
    }

    private Path written(Path source, HuggingFaceFormat format) {
        Path output = directory.resolve(source.getFileName() + "-" + format);
        try (Model model = Model.open(source)) {
            List<Integer> units = new ArrayList<>(model.spec().densePolicy().retained());
            units.set(1, units.get(1) - 1);
            ModelSpec pruned = model.spec().pruned(new Policy(units));
            CheckpointExport.Form settings = new CheckpointExport.Form(format, new WriteSettings(null, Long.MAX_VALUE));
            try (CheckpointExport export = CheckpointExport.begin(model, pruned, output, settings)) {
                for (int layer = 0; layer < pruned.layers().size(); layer++) {
                    export.accept(
                            layer, NestedModel.cut(pruned.layers().get(layer), model.layer(layer), Arena.ofAuto()));
                }
                export.finish();
                export.commit();
            }
        }
        return output;
    }

    /** Sets a key, expects the failure, and puts the config back. */
    private static void requireFound(Path checkpoint, String key, String value, String... words) throws IOException {
        Path file = checkpoint.resolve("config.json");
        byte[] before = Files.readAllBytes(file);
        ObjectNode config = (ObjectNode) JSON.readTree(before);
        config.set(key, JSON.readTree(value));
        JSON.writeValue(file.toFile(), config);
        Failures.expect(FailureKind.VERIFICATION, () -> ReaderCheck.run(checkpoint), words);
        Files.write(file, before);
    }
}
