package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.run.MemoryLimit;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever a user gets wrong ends in one line and an exit code of its own, and leaves nothing behind. */
class BadInputTest {

    private static final String QUERY = "model.layers.2.self_attn.q_proj.weight";
    private static final String DOWN = "model.layers.3.mlp.down_proj.weight";

    @TempDir
    private Path directory;

    private SmallRun small() {
        return SmallRun.into(output());
    }

    private Path output() {
        return directory.resolve("out");
    }

    private DamagedModel model() throws IOException {
        return DamagedModel.copyTo(directory.resolve("model"));
    }

    private Path file(String name, String contents) throws IOException {
        return Files.writeString(directory.resolve(name), contents);
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (var files = Files.walk(directory)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName())))
                    .noneMatch(name -> name.startsWith("out") || name.contains(".partial-"));
        }
    }

    @Test
    void models() throws IOException {
        small().of(directory.resolve("nowhere")).run().isRefused(FailureKind.NOT_FOUND, "nowhere", "not a directory");
        Path text = file("file.txt", "no model");
        small().of(text).run().isRefused(FailureKind.NOT_FOUND, "file.txt", "not a directory");
        CommandRun.of("inspect", text.toString()).isRefused(FailureKind.NOT_FOUND, "file.txt");
        Path empty = Files.createDirectory(directory.resolve("empty"));
        small().of(empty).run().isRefused(FailureKind.NOT_FOUND, "config.json");
    }

    @Test
    void aTruncatedModel() throws IOException {
        Path cut = model().cut(0.5);
        small().of(cut).run().isRefused(FailureKind.BAD_CHECKPOINT, "model.safetensors", "cut off", "download");
        CommandRun.of("inspect", cut.toString()).isRefused(FailureKind.BAD_CHECKPOINT, "cut off");
        CommandRun.of("evaluate", cut.toString(), "--text", demo("validation.txt"))
                .isRefused(FailureKind.BAD_CHECKPOINT, "cut off");
    }

    @Test
    void aModelWithoutWeights() throws IOException {
        small().of(model().without("model.safetensors"))
                .run()
                .isRefused(FailureKind.NOT_FOUND, "no weights", "model.safetensors");
    }

    @Test
    void anotherDataType() throws IOException {
        small().of(model().withWholeNumbers(QUERY))
                .run()
                .isRefused(FailureKind.UNSUPPORTED_MODEL, QUERY, "I64", "F32, F16 and BF16");
    }

    @ParameterizedTest
    @CsvSource({DOWN + ", 0x7FC0", "model.embed_tokens.weight, 0x7F80", "model.norm.weight, 0x7F80"})
    void weightsThatAreNoNumbers(String tensor, String bits) throws IOException {
        Path broken = model().withWeight(tensor, (short) Integer.decode(bits).intValue());
        small().of(broken).run().isRefused(FailureKind.NOT_FINITE, tensor, "NaN or infinite");
        if (tensor.equals(DOWN)) {
            CommandRun.of("evaluate", broken.toString(), "--text", demo("validation.txt"), "--window", "32")
                    .isRefused(FailureKind.NOT_FINITE, tensor);
        }
    }

    @Test
    void aWeightTooLargeForTheDataTypeToWrite() throws IOException {
        Path large = model().withWeight(DOWN, (short) 0x4789);
        small().of(large)
                .with("--dtype", "F16")
                .run()
                .isRefused(FailureKind.NOT_FINITE, DOWN, "70144.0", "65504", "--dtype BF16 or F32");
    }

    @Test
    void anUnknownArchitecture() throws IOException {
        Path other = model().withConfig(config -> config.put("model_type", "gpt_neox"));
        small().of(other).run().isRefused(FailureKind.UNSUPPORTED_MODEL, "gpt_neox", "supported are: llama");
        CommandRun.of("inspect", other.toString()).isRefused(FailureKind.UNSUPPORTED_MODEL, "gpt_neox");
    }

    @Test
    void aConfigOfAnotherModel() throws IOException {
        small().of(model().withConfig(config -> config.put("hidden_size", 256)))
                .run()
                .isRefused(FailureKind.BAD_CHECKPOINT, "[1024, 192]", "[1024, 256]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "garbage{", "[]", "{\"model_type\": \"llama\", \"hidden_size\": \"big\"}"})
    void aBrokenConfig(String contents) throws IOException {
        small().of(model().with("config.json", contents)).run().isRefused(FailureKind.BAD_CHECKPOINT, "config.json");
    }

    @Test
    void missingAndBrokenTokenizers() throws IOException {
        small().of(model().without("tokenizer.json")).run().isRefused(FailureKind.NOT_FOUND, "tokenizer.json");
        Path broken = new DamagedModel(directory.resolve("model")).with("tokenizer.json", "{}");
        small().of(broken).run().isRefused(FailureKind.BAD_CHECKPOINT, "tokenizer.json");
    }

    @Test
    void texts() throws IOException {
        small().with("--calibration", directory.resolve("nowhere.txt"))
                .run()
                .isRefused(FailureKind.NOT_FOUND, "nowhere.txt");
        small().with("--calibration", directory).run().isRefused(FailureKind.NOT_FOUND, "not a file");
        Path notUtf8 = Files.write(directory.resolve("latin1.txt"), "née".getBytes(StandardCharsets.ISO_8859_1));
        small().with("--calibration", notUtf8).run().isRefused(FailureKind.BAD_TEXT, "latin1.txt", "not UTF-8");
        Path shortText = file("short.txt", "Tom has an apple.\n");
        small().with("--calibration", shortText)
                .run()
                .isRefused(FailureKind.BAD_TEXT, "short.txt", "one window of 32", "--window");
        small().with("--evaluation", shortText)
                .run()
                .isRefused(FailureKind.BAD_TEXT, "short.txt", "one window needs 32");
        small().with("--calibration", file("empty.txt", "")).run().isRefused(FailureKind.BAD_TEXT, "empty.txt");
        CommandRun.of("evaluate", demo(""), "--text", shortText.toString())
                .isRefused(FailureKind.BAD_TEXT, "short.txt", "one window needs 1024");
        small().with("--tasks", file("tasks.jsonl", "{\"context\": 5}\n"))
                .run()
                .isRefused(FailureKind.BAD_TEXT, "line 1 of the task file", "tasks.jsonl");
        small().with("--tasks", directory.resolve("nowhere.jsonl"))
                .run()
                .isRefused(FailureKind.NOT_FOUND, "nowhere.jsonl");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "1.5", "-1", "NaN"})
    void sparsitiesOutOfRange(String sparsity) {
        small().with("--sparsity", sparsity).run().isRefused(FailureKind.USAGE, "--sparsity", "between 0 and 1");
    }

    @Test
    void aSparsityOutOfReach() {
        small().with("--sparsity", "0.95")
                .run()
                .isRefused(FailureKind.UNREACHABLE_SPARSITY, "0.95", "0.7447", "--attention kv-group");
        small().with("--sparsity", "0.95")
                .with("--attention", "kv-group")
                .run()
                .isRefused(FailureKind.UNREACHABLE_SPARSITY, "0.95", "0.8767");
    }

    @ParameterizedTest
    @CsvSource({
        "--sparsity, abc, 'abc' is not a number",
        "--episodes, 1.5, '1.5' is not a whole number",
        "--seed, x, 'x' is not a whole number",
        "--episodes, 0, at least 1",
        "--episodes, -3, at least 1",
        "--scoring-windows, 0, at least 1",
        "--repair-windows, -1, at least 1",
        "--reward-windows, 0, at least 1",
        "--evaluation-windows, 0, at least 1",
        "--finalist-windows, 1, at least the --reward-windows",
        "--finalist-windows, -1, at least 1",
        "--finalists, 0, at least 1",
        "--most-tasks, 0, at least 1",
        "--window, 0, at least 2",
        "--window, 1, at least 2",
        "--window, 1025, context of 1024",
        "--ramp, 1, less than 1",
        "--ramp, -0.5, at least 0",
        "--min-retention, 2, from 0 to 1",
        "--shard-size, 0, from 1 to",
        "--shard-size, 99999999999999999, from 1 to",
        "--threads, 0, from 1 to 1024",
        "--threads, 100000, from 1 to 1024",
        "--memory, 0, greater than 0",
        "--memory, NaN, greater than 0",
        "--mapping, foo, 'shift, headroom'",
    })
    void valuesOutOfRange(String option, String value, String words) {
        small().with(option, value).run().isRefused(FailureKind.USAGE, option.substring(2), value, words);
    }

    @ParameterizedTest
    @CsvSource({
        "--schedule, 'NONE, SPARSITY, FIDELITY, BOTH'",
        "--repair-target, 'PREFIX, DENSE, RESIDUAL'",
        "--dtype, 'F32, F16, BF16'",
        "--text-unit, 'FILE, LINE, WIKITEXT'",
        "--text-format, 'AUTO, TEXT, JSONL'",
        "--attention, 'auto, kv-group, query-heads, value-channels, none'",
        "--target-runtime, 'hf, llama.cpp, vllm, any'",
    })
    void wordsThatAreNoChoice(String option, String choices) {
        for (String word : List.of("foo", "HF_PADDED", "KV_GROUP", "LLAMA_CPP")) {
            small().with(option, word)
                    .run()
                    .isRefused(FailureKind.USAGE, "'" + option + "'", "'" + word + "' is not one of: " + choices + ";");
        }
        assertThat(CommandRun.of("prune", "--help").succeeds().text().replaceAll("\\s+", " "))
                .contains(option + "=", choices);
    }

    @Test
    void aFormatThatNoPluginWrites() {
        small().with("--format", "onnx")
                .run()
                .isRefused(FailureKind.PLUGIN, "'onnx'", "there are: decilm, gguf, hf, hf-padded");
    }

    @Test
    void choicesAreTypedInAnyCase() {
        small().with("--schedule", "Fidelity")
                .with("--attention", "Query-Heads")
                .run()
                .isRefused(FailureKind.USAGE, "single query head");
    }

    @Test
    void moreThanThereIsMemoryFor() {
        small().with("--memory", "0.001").run().isRefused(FailureKind.DEVICE, "MiB", "--memory");
        small().with("--reward-windows", 100_000_000).run().isRefused(FailureKind.DEVICE, "GiB", "--memory");
        boolean limited = MemoryLimit.ofThisProcess().controlGroup();
        small().with("--reward-windows", Integer.MAX_VALUE)
                .with("--memory", 1_000_000)
                .run()
                .isRefused(
                        FailureKind.USAGE,
                        limited ? "--memory is 1000000.00 GiB" : "--finalist-windows",
                        limited ? "control group" : "too many");
    }

    @ParameterizedTest
    @CsvSource({
        "--criterion, criterion, 'fluctuation, greedy-obs, magnitude, obs, random, spap, wanda'",
        "--agent, agent, 'cross-entropy, evolution, ppo, random, reinforce, surrogate, threshold, uniform'",
        "--calibrator, calibrator, 'bias, bias-ridge, least-squares, none, ridge, spap'",
        "--executor, executor, local",
        "--device, backend, 'cpu, plain-java, tornado'",
    })
    void unknownPlugins(String option, String kind, String known) {
        small().with(option, "foo")
                .run()
                .isRefused(FailureKind.PLUGIN, "no " + kind + " is called 'foo'; there are: " + known);
    }

    @Test
    void pluginDirectories() throws IOException {
        small().with("--plugins", directory.resolve("nowhere")).run().isRefused(FailureKind.NOT_FOUND, "nowhere");
        small().with("--plugins", file("file.txt", "")).run().isRefused(FailureKind.NOT_FOUND, "file.txt");
    }

    @ParameterizedTest
    @CsvSource({
        "agent.foo=1, agent 'ppo': no option is called 'foo'; it has batch",
        "batch=5, KIND of agent",
        "agnt.batch=5, KIND of agent",
        "backend.threads=5, KIND of agent",
        "criterion.foo=1, criterion 'wanda': no option is called 'foo'; it has norm",
        "agent.clip, expected KIND.NAME=VALUE",
        "=5, expected KIND.NAME=VALUE",
        "agent.batch=6, only once",
        "agent.epochs=abc, 'option epochs must be a whole number of at least 1, but is ''abc'''",
        "agent.epochs=0, option epochs must be a whole number of at least 1",
        "calibrator.ridge=x, 'option ridge must be a number of at least 0, but is ''x'''",
        "calibrator.ridge=-1, option ridge must be a number of at least 0",
    })
    void pluginOptions(String option, String words) {
        small().and("--option", option).run().isRefused(FailureKind.USAGE, words.replace("''", "'"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "garbage | is not a policy.json",
                "null | is not a policy.json",
                "{} | is not a policy.json",
                "{\"format\":\"fastforward-policy\",\"version\":3,\"attentionUnit\":\"kv-group\",\"sparsity\":0,\"layers\":[]} | version",
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"kv-group\",\"sparsity\":0,\"layers\":[null]} | is not a policy.json",
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"kv-group\",\"sparsity\":0,\"layers\":null} | is not a policy.json",
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"kv-group\",\"sparsity\":0,\"layers\":[{\"attentionUnits\":1,"
                        + "\"ofAttentionUnits\":6,\"mlpChannels\":1,\"ofMlpChannels\":512}]} | 1 layers, the model has 8",
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"kv-group\",\"sparsity\":0,\"layers\":[{\"attentionUnits\":1,"
                        + "\"ofAttentionUnits\":8,\"mlpChannels\":1,\"ofMlpChannels\":512}]} | for another model",
                "{\"format\":\"fastforward-policy\",\"version\":2,\"attentionUnit\":\"query-head\",\"sparsity\":0,\"layers\":[]} |"
                        + " give the --attention",
            })
    void policies(String contents, String words) throws IOException {
        Path policy = file("policy.json", contents);
        small().without("--sparsity")
                .with("--policy", policy)
                .with("--attention", "kv-group")
                .run()
                .isRefused(FailureKind.BAD_RECORD, "policy.json", words);
    }

    @Test
    void recordsThatAreNotThere() {
        small().without("--sparsity")
                .with("--policy", directory.resolve("none.json"))
                .run()
                .isRefused(FailureKind.NOT_FOUND, "none.json");
        small().without("--sparsity")
                .with("--policy", directory)
                .run()
                .isRefused(FailureKind.NOT_FOUND, "cannot be read");
        small().with("--policy", directory).run().isRefused(FailureKind.USAGE, "leave out --sparsity");
        small().with("--warm-start", directory).run().isRefused(FailureKind.NOT_FOUND, "--warm-start");
        small().and("--resume").run().isRefused(FailureKind.BAD_RECORD, "no run to resume", "out-run");
    }

    @Test
    void placesForTheOutput() throws IOException {
        Path model = model().directory();
        small().of(model).with("--output", model).run().isRefused(FailureKind.USAGE, "--output", "model's directory");
        small().of(model)
                .with("--output", model.resolve("out"))
                .run()
                .isRefused(FailureKind.USAGE, "--output", "model's directory");
        Path link = Files.createSymbolicLink(directory.resolve("link"), model);
        small().of(model)
                .with("--output", link.resolve("out"))
                .run()
                .isRefused(FailureKind.USAGE, "--output", "model's directory");
        small().of(model)
                .with("--run-dir", model.resolve("run"))
                .run()
                .isRefused(FailureKind.USAGE, "--run-dir", "model's directory");
        small().with("--run-dir", output().resolve("run"))
                .run()
                .isRefused(FailureKind.USAGE, "--run-dir", "output directory");
        small().with("--output", directory).run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty", "--output");
        small().with("--run-dir", directory).run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty", "--run-dir");
        Path file = file("file.txt", "");
        small().with("--output", file).run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "file.txt");
        small().with("--run-dir", file).run().isRefused(FailureKind.STORAGE, "file.txt", "--run-dir");
        small().with("--output", file.resolve("below")).run().isRefused(FailureKind.STORAGE, "file.txt", "--output");
    }

    @Test
    void demosGoWhereNothingElseIs() throws IOException {
        file("precious.txt", "keep me");
        CommandRun.of("prune", "--demo", "--output", directory.toString())
                .isRefused(FailureKind.OUTPUT_NOT_EMPTY, "precious.txt", "--output");
        assertThat(directory.resolve("model")).doesNotExist();
        CommandRun.of("prune", "--demo", demo("")).isRefused(FailureKind.USAGE, "leave out MODEL_DIR");
        CommandRun.of("prune", "--demo", "--output", output().toString(), "--agent", "foo")
                .isRefused(FailureKind.PLUGIN, "foo");
    }

    @Test
    void commandLines() {
        CommandRun.of()
                .isRefused(
                        FailureKind.USAGE,
                        "plan, prune, batch, ablate, sparsify, evaluate, bench, generate, export, inspect, report, recipes, plugins");
        CommandRun.of("prone").isRefused(FailureKind.USAGE, "no command 'prone'", "prune");
        CommandRun.of("prone", "--help").isRefused(FailureKind.USAGE, "no command 'prone'", "prune");
        CommandRun.of("--help", "prone").isRefused(FailureKind.USAGE, "no command 'prone'", "prune");
        CommandRun.of("prune", "--help", "--sparsty", "0.3").isRefused(FailureKind.USAGE, "--sparsty");
        CommandRun.of("prune").isRefused(FailureKind.USAGE, "MODEL_DIR", "fastforward prune --help");
        CommandRun.of("prune", demo("")).isRefused(FailureKind.USAGE, "--calibration");
        small().without("--sparsity").run().isRefused(FailureKind.USAGE, "--sparsity", "--policy");
        small().without("--output").run().isRefused(FailureKind.USAGE, "--output");
        small().and("--bogus").run().isRefused(FailureKind.USAGE, "--bogus");
        small().and("stray").run().isRefused(FailureKind.USAGE, "stray");
        CommandRun.of("evaluate", demo("")).isRefused(FailureKind.USAGE, "--text");
        CommandRun.of("evaluate", demo(""), "--text", demo("validation.txt"), "--window", "1")
                .isRefused(FailureKind.USAGE, "--window");
        CommandRun.of("evaluate", demo(""), "--text", demo("validation.txt"), "--window", "0")
                .isRefused(FailureKind.USAGE, "--window must be at least 2");
        CommandRun.of("evaluate", demo(""), "--text", demo("validation.txt"), "--repeat", "0")
                .isRefused(FailureKind.USAGE, "--repeat");
    }

    @Test
    void stackTracesAreForThoseWhoAsk() {
        assertThat(CommandRun.of("inspect", demo("nowhere")).errors()).hasSize(1);
        assertThat(CommandRun.of("inspect", demo("nowhere"), "--verbose").errors())
                .anyMatch(line -> line.startsWith("\tat io.fastforward"));
    }

    private static String demo(String name) {
        return DemoModel.directory().resolve(name).toString();
    }
}
