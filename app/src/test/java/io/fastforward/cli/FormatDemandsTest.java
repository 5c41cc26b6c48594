package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a format asks of a policy, where the user leaves it to us. */
class FormatDemandsTest {

    @TempDir
    private Path directory;

    /** No biases of queries, and a tokenizer that says where texts end. */
    private TinyRun whatLlamaCppHolds() throws IOException {
        TinyRun run = TinyRun.of(directory, new RandomLlama().with("attention_bias", "false"));
        Files.copy(
                DemoModel.directory().resolve("tokenizer_config.json"),
                directory.resolve("model/tokenizer_config.json"));
        return run;
    }

    /** GGUF holds values as wide as keys alone. */
    @Test
    void whatOfAttentionGoesFollowsFromTheFormat() throws IOException {
        TinyRun run = whatLlamaCppHolds();
        SmallRun command =
                run.command().without("--attention").with("--format", "gguf").with("--dtype", "F16");
        command.run().succeeds();
        JsonNode retained = run.document("result.json").at("/policy/retained");
        for (int layer = 0; layer < 2; layer++) {
            assertThat(retained.get(2 * layer).intValue()).as("KV groups").isBetween(0, 3);
        }
        assertThat(run.document("manifest.json")
                        .at("/settings/budget/attention")
                        .textValue())
                .isEqualTo("kv-group");
        command.and("--resume").run().succeeds();
        assertThat(Files.readString(run.output().resolve("README.md"))).contains("llama-cli -m MODEL_DIR/model.gguf");
    }

    @Test
    void whatTheUserWantsIsRefusedIfTheFormatCannotHoldIt() throws IOException {
        TinyRun run = whatLlamaCppHolds();
        run.command()
                .with("--attention", "value-channels")
                .with("--format", "gguf")
                .run()
                .isRefused(FailureKind.USAGE, "--format", "--attention kv-group");
    }

    /** No biases at all, and MLPs of which many multiples of 256 are left. */
    private TinyRun whatDecilmHolds() throws IOException {
        return TinyRun.of(
                directory,
                new RandomLlama()
                        .with("attention_bias", "false")
                        .with("mlp_bias", "false")
                        .with("intermediate_size", "2560"));
    }

    /** DeciLM has one number of heads for all layers, and widths in multiples of 256. */
    @Test
    void attentionStaysWholeAndWidthsAreMultiplesForDecilm() throws IOException {
        TinyRun run = whatDecilmHolds();
        SmallRun command = run.command().without("--attention").with("--format", "decilm");
        assertThat(command.run().succeeds().text())
                .contains("inspect " + run.record())
                .doesNotContain("generate ");
        JsonNode retained = run.document("result.json").at("/policy/retained");
        assertThat(retained.get(1).intValue() + retained.get(3).intValue()).isLessThan(2 * 2560);
        for (int layer = 0; layer < 2; layer++) {
            assertThat(retained.get(2 * layer).intValue()).as("KV groups").isEqualTo(3);
            int channels = retained.get(2 * layer + 1).intValue();
            assertThat(channels).as("channels").isPositive();
            assertThat(channels % 256).as("channels").isZero();
            JsonNode block = config(run).at("/block_configs/" + layer);
            assertThat(block.at("/attention/n_heads_in_group").intValue()).isEqualTo(2);
            double computed = 2 * block.at("/ffn/ffn_mult").doubleValue() * 12 / 3;
            assertThat(256 * (int) Math.ceil((int) computed / 256.0)).isEqualTo(channels);
        }
        assertThat(run.document("result.json").at("/reloadDifference").doubleValue())
                .isZero();
        assertThat(Files.readString(run.output().resolve("README.md"))).contains("vllm serve MODEL_DIR");
        assertThat(Files.readString(run.record("report.html")))
                .contains("inspect " + run.record())
                .doesNotContainPattern("inspect " + Pattern.quote(run.output().toString()) + "(?!-run)");
        command.and("--resume").run().succeeds();
    }

    @Test
    void wholeModulesOfAGivenPolicyAreNoOperationsInDecilm() throws IOException {
        TinyRun run = whatDecilmHolds();
        Path policy = Files.writeString(
                directory.resolve("policy.json"),
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"kv-group\",\"sparsity\":0.5,"
                        + "\"layers\":[{\"attentionUnits\":3,\"ofAttentionUnits\":3,\"mlpChannels\":0,"
                        + "\"ofMlpChannels\":2560},{\"attentionUnits\":0,\"ofAttentionUnits\":3,"
                        + "\"mlpChannels\":1280,\"ofMlpChannels\":2560}]}");
        SmallRun command = run.command()
                .without("--sparsity")
                .without("--attention")
                .with("--policy", policy)
                .with("--format", "decilm");
        command.run().succeeds();
        JsonNode blocks = config(run).path("block_configs");
        assertThat(blocks.at("/0/attention/no_op").booleanValue()).isFalse();
        assertThat(blocks.at("/0/ffn/no_op").booleanValue()).isTrue();
        assertThat(blocks.at("/1/attention/no_op").booleanValue()).isTrue();
        assertThat(blocks.at("/1/ffn/no_op").booleanValue()).isFalse();
    }

    @Test
    void whatDecilmCannotHoldIsRefusedBeforeTheSearch() throws IOException {
        TinyRun run = TinyRun.in(directory);
        run.command()
                .with("--format", "decilm")
                .run()
                .isRefused(FailureKind.UNSUPPORTED_MODEL, "layer 0 has biases", "--format hf");
        assertThat(run.record("search-result.json")).doesNotExist();
        new RandomLlama()
                .with("attention_bias", "false")
                .with("mlp_bias", "false")
                .with("vocab_size", "1024")
                .write(emptied(directory.resolve("model")));
        run.command()
                .with("--format", "decilm")
                .run()
                .isRefused(FailureKind.UNSUPPORTED_MODEL, "layer 0 has 10 channels", "--round 256", "--format hf");
    }

    private static Path emptied(Path model) throws IOException {
        Files.delete(model.resolve("model.safetensors"));
        return model;
    }

    private static JsonNode config(TinyRun run) throws IOException {
        return new ObjectMapper().readTree(run.output().resolve("config.json").toFile());
    }
}
