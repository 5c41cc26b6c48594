package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
