package io.fastforward.export;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.format.ReadableModel;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.testing.Failures;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DecilmReaderTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    /** A directory with a key of its config set to another value. */
    private void write(String pointer, String value) throws IOException {
        new RandomLlama()
                .stored(DataType.F16)
                .with("attention_bias", "false")
                .with("mlp_bias", "false")
                .with("intermediate_size", "256")
                .with("model_type", "\"nemotron-nas\"")
                .with("architectures", "[\"DeciLMForCausalLM\"]")
                .with("auto_map", "{\"AutoConfig\": \"a.B\"}")
                .with(
                        "block_configs",
                        "[{\"attention\": {\"no_op\": false, \"n_heads_in_group\": 2},"
                                + " \"ffn\": {\"no_op\": false, \"ffn_mult\": 20.5}},"
                                + " {\"attention\": {\"no_op\": false, \"n_heads_in_group\": 2},"
                                + " \"ffn\": {\"no_op\": false, \"ffn_mult\": 32.0}}]")
                .write(directory);
        ObjectNode config =
                (ObjectNode) JSON.readTree(directory.resolve("config.json").toFile());
        int last = pointer.lastIndexOf('/');
        ObjectNode section = (ObjectNode) config.at(pointer.substring(0, last));
        section.set(pointer.substring(last + 1), JSON.readTree(value));
        Files.writeString(directory.resolve("config.json"), config.toString());
    }

    /** 2 · 20.5 · 12 / 3 is 164, of which a reader makes the next multiple of 256. */
    @Test
    void widthsAreRoundedUp() throws IOException {
        write("/rms_norm_eps", "1e-5");
        try (ReadableModel model = DecilmReader.open(directory)) {
            assertThat(model.spec().layers())
                    .allSatisfy(layer -> assertThat(layer.mlp().channels()).isEqualTo(256));
            assertThat(model.spec().layers().getFirst().attention().groups()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/architectures | [\"LlamaForCausalLM\"] | names no DeciLM",
                "/model_type | \"llama\" | has another model_type",
                "/auto_map | null | names no class of its config",
                "/qkv_bias | true | has qkv_bias",
                "/attention_bias | true | has attention_bias",
                "/logit_scale | 2 | has a logit_scale",
                "/hidden_size | 12.5 | has a bad hidden_size",
                "/num_attention_heads | \"6\" | has a bad num_attention_heads",
                "/num_hidden_layers | 3 | has not as many block_configs as layers",
                "/block_configs | {} | has not as many block_configs as layers",
                "/block_configs/0/attention/no_op | true | begins with a layer without attention",
                "/block_configs/1/attention/no_op | null | leaves no_op",
                "/block_configs/1/attention/n_heads_in_group | 0 | has a bad n_heads_in_group",
                "/block_configs/1/ffn/no_op | 0 | leaves no_op",
                "/block_configs/1/ffn/ffn_mult | null | has an ffn_mult that is no positive number",
                "/block_configs/1/ffn/ffn_mult | -1 | has an ffn_mult that is no positive number",
                "/block_configs/1/ffn/ffn_mult | 1e300 | has an ffn_mult that is no positive number",
                "/block_configs/1/ffn/ffn_mult | 1e7 | channels",
                "/block_configs/1/ffn/ffn_mult | 1e-9 | stands for 0 channels",
                "/block_configs/1/ffn/no_op | true | does not call for model.layers.1.mlp.down_proj.weight",
            })
    void whatDecilmWouldRefuseIsRefused(String pointer, String value, String words) throws IOException {
        write(pointer, value);
        Failures.expect(FailureKind.VERIFICATION, () -> DecilmReader.open(directory), words);
    }

    @Test
    void weightsOfAnotherWidthAreRefused() throws IOException {
        write("/block_configs/1/ffn/ffn_mult", "33.0");
        Failures.expect(
                FailureKind.BAD_CHECKPOINT, () -> DecilmReader.open(directory), "model.layers.1.mlp", "[512, 12]");
    }
}
