package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user can do with a pruned model beside measuring it; and the constraints that made it. */
class GenerateAndExportIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PROMPT = "Once upon a time";

    @TempDir
    private static Path shared;

    private static String demo;
    private static Path pruned;

    @TempDir
    private Path directory;

    @BeforeAll
    static void pruneOnce() {
        demo = DemoModel.directory().toString();
        pruned = shared.resolve("pruned");
        SmallRun.into(pruned)
                .with("--round", 64)
                .with("--keep-layers", "0,6-7")
                .with("--attention", "none")
                .run()
                .succeeds();
    }

    @Test
    void constraintsHold() {
        try (Model model = Model.open(pruned);
                Model dense = DemoModel.open()) {
            for (int i = 0; i < 8; i++) {
                var layer = model.spec().layers().get(i);
                assertThat(layer.attention())
                        .isEqualTo(dense.spec().layers().get(i).attention());
                assertThat(layer.mlp().channels() % 64).isZero();
                if (i == 0 || i >= 6) {
                    assertThat(layer.mlp().channels()).isEqualTo(512);
                }
            }
            assertThat(model.spec().decoderParameters()).isLessThan(dense.spec().decoderParameters() * 7 / 10 + 1);
        }
        assertThat(pruned.resolve("modeling_fastforward_llama.py")).exists();
    }

    @Test
    void constraintsThatLeaveTooLittleAreNamed() {
        SmallRun.into(directory.resolve("out"))
                .with("--sparsity", 0.6)
                .with("--attention", "none")
                .with("--keep-layers", "0-3")
                .run()
                .isRefused(
                        FailureKind.UNREACHABLE_SPARSITY, "0.6", "without --keep-layers", "without --attention none");
        SmallRun.into(directory.resolve("out"))
                .with("--keep-layers", "8")
                .run()
                .isRefused(FailureKind.USAGE, "layer 8", "0 to 7");
        SmallRun.into(directory.resolve("out"))
                .with("--attention", "query-heads")
                .run()
                .isRefused(FailureKind.USAGE, "single query head", "kv-group");
        SmallRun.into(directory.resolve("out"))
                .with("--calibrator", "bias")
                .with("--target-runtime", "llama.cpp")
                .run()
                .isRefused(FailureKind.UNSUPPORTED_MODEL, "--calibrator bias", "llama", "ridge");
        SmallRun.into(directory.resolve("out"))
                .with("--calibrator", "bias")
                .with("--format", "hf-padded")
                .run()
                .isRefused(FailureKind.UNSUPPORTED_MODEL, "biases", "hf");
        for (String list : List.of("x", "1-", "3-2", "", "-1", "1,,2")) {
            SmallRun.into(directory.resolve("out"))
                    .with("--keep-layers", list)
                    .run()
                    .isRefused(FailureKind.USAGE, "0,1,30-31");
        }
        SmallRun.into(directory.resolve("out"))
                .with("--target-runtime", "vllm")
                .with("--attention", "query-heads")
                .run()
                .isRefused(FailureKind.USAGE, "query-heads");
        SmallRun.into(directory.resolve("out"))
                .with("--target-runtime", "llama.cpp")
                .with("--attention", "value-channels")
                .run()
                .isRefused(FailureKind.USAGE, "--attention value-channels", "hf-padded");
    }

    @Test
    void oneModelGoesOnWithAPrompt() throws IOException {
        CommandRun run = generate(demo, "--max-tokens", "12").succeeds();
        assertThat(run.text()).startsWith(PROMPT + " ").contains("3,935,424 parameters; 12 tokens after");
        JsonNode json = json(generate(demo, "--max-tokens", "12", "--json"));
        assertThat(json).hasSize(1);
        assertThat(json.path(0).path("tokens")).hasSize(12);
        assertThat(run.text()).startsWith(PROMPT + json.path(0).path("text").textValue());
        // A cache that is filled in one go or in two gives the same.
        assertThat(json(generate(demo, "--max-tokens", "5", "--json")).path(0).path("tokens"))
                .isEqualTo(firstOf(json.path(0).path("tokens"), 5));
    }

    private static JsonNode firstOf(JsonNode tokens, int count) {
        var first = JSON.createArrayNode();
        for (int i = 0; i < count; i++) {
            first.add(tokens.get(i));
        }
        return first;
    }

    @Test
    void twoModelsStandSideBySide() throws IOException {
        CommandRun run = generate(demo, pruned.toString(), "--max-tokens", "30").succeeds();
        assertThat(run.output()).allSatisfy(line -> assertThat(line).containsAnyOf(" │", "─┼─"));
        assertThat(run.text()).contains("3,935,424").contains("tokens/s");
        JsonNode json = json(generate(demo, pruned.toString(), "--max-tokens", "3", "--json"));
        assertThat(json).hasSize(2);
        assertThat(json.path(1).path("model").textValue()).isEqualTo(pruned.toString());
    }

    @Test
    void drawsDependOnTheSeedAlone() throws IOException {
        JsonNode one = json(generate(demo, "--max-tokens", "20", "--temperature", "1.5", "--seed", "3", "--json"));
        JsonNode same = json(generate(demo, "--max-tokens", "20", "--temperature", "1.5", "--seed", "3", "--json"));
        JsonNode other = json(generate(demo, "--max-tokens", "20", "--temperature", "1.5", "--seed", "4", "--json"));
        assertThat(same.path(0).path("tokens")).isEqualTo(one.path(0).path("tokens"));
        assertThat(other.path(0).path("tokens")).isNotEqualTo(one.path(0).path("tokens"));
    }

    @Test
    void whatCannotBeGeneratedIsExplained() {
        generate(demo, "--max-tokens", "0").isRefused(FailureKind.USAGE, "--max-tokens", "0");
        generate(demo, "--temperature", "-1").isRefused(FailureKind.USAGE, "--temperature");
        generate(demo, "--top-p", "2").isRefused(FailureKind.USAGE, "--top-p");
        generate(demo, "--memory", "0.001").isRefused(FailureKind.USAGE, "--memory", "f32");
        generate(directory.resolve("none").toString()).isRefused(FailureKind.NOT_FOUND, "none");
        CommandRun.of("generate", demo, "--prompt", "word ".repeat(1100))
                .isRefused(FailureKind.BAD_TEXT, "--prompt", "context is 1024");
        CommandRun.of("generate", demo).isRefused(FailureKind.USAGE, "--prompt");
    }

    @Test
    void aPrunedModelIsPaddedLater() throws IOException {
        Path padded = directory.resolve("padded");
        CommandRun run = CommandRun.of(
                        "export", pruned.toString(), "--format", "hf-padded", "--output", padded.toString())
                .succeeds();
        assertThat(run.text()).contains("read back, its logits differ by");
        try (Model twin = Model.open(padded);
                Model dense = DemoModel.open()) {
            assertThat(twin.spec()).isEqualTo(dense.spec());
        }
        assertThat(Files.exists(padded.resolve("modeling_fastforward_llama.py")))
                .isFalse();
        JsonNode of = json(generate(pruned.toString(), "--max-tokens", "8", "--json"));
        JsonNode twin = json(generate(padded.toString(), "--max-tokens", "8", "--json"));
        assertThat(twin.path(0).path("tokens")).isEqualTo(of.path(0).path("tokens"));

        CommandRun.of("export", pruned.toString(), "--output", padded.toString())
                .isRefused(FailureKind.OUTPUT_NOT_EMPTY, "padded");
        CommandRun.of(
                        "export",
                        pruned.toString(),
                        "--output",
                        directory.resolve("x").toString(),
                        "--shard-size",
                        "0")
                .isRefused(FailureKind.USAGE, "--shard-size");
        assertThat(directory.resolve("x")).doesNotExist();
    }

    @Test
    void aRunWritesThePaddedFormToo() throws IOException {
        Path padded = directory.resolve("padded");
        SmallRun.into(padded)
                .without("--sparsity")
                .with("--policy", pruned.resolve("policy.json"))
                .with("--attention", "none")
                .with("--format", "hf-padded")
                .run()
                .succeeds();
        JsonNode config = JSON.readTree(padded.resolve("config.json").toFile());
        assertThat(config.path("model_type").textValue()).isEqualTo("llama");
        assertThat(config.has("layer_inter_size")).isFalse();
    }

    private static CommandRun generate(String... arguments) {
        String[] all = new String[arguments.length + 3];
        all[0] = "generate";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        all[arguments.length + 1] = "--prompt";
        all[arguments.length + 2] = PROMPT;
        return CommandRun.of(all);
    }

    private static JsonNode json(CommandRun run) throws IOException {
        return JSON.readTree(run.succeeds().text());
    }
}
