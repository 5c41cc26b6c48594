package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateSuiteTest {

    private static final String MODEL = DemoModel.directory().toString();
    private static final String FILES = Golden.path("zero-shot").toString();

    @TempDir
    private Path directory;

    private static CommandRun evaluate(String... options) {
        List<String> arguments = new ArrayList<>(List.of("evaluate", MODEL, "--tasks", FILES, "--suite", "zero-shot"));
        arguments.addAll(List.of(options));
        return CommandRun.of(arguments.toArray(String[]::new));
    }

    private static JsonNode json(String... options) throws JsonProcessingException {
        return new ObjectMapper().readTree(evaluate(options).succeeds().text());
    }

    @Test
    void tasksAreATable() {
        CommandRun run =
                evaluate("--task-names", "piqa,winogrande", "--most-tasks", "4").succeeds();
        assertThat(run.output()).hasSize(5);
        assertThat(run.output().get(0)).matches("task +questions +acc +stderr +acc_norm +stderr");
        assertThat(run.output().get(1)).matches("piqa +4 +0\\.\\d{4} +0\\.\\d{4} +0\\.\\d{4} +0\\.\\d{4}");
        assertThat(run.output().get(2)).matches("winogrande +4 +0\\.\\d{4} +0\\.\\d{4} +- +-");
        assertThat(run.output().get(3)).matches("average +8 +0\\.\\d{4} +0\\.\\d{4}");
        assertThat(run.output().get(4)).contains("lm-evaluation-harness 0.4.13", "examples: 0");
    }

    @Test
    void programsGetEveryAnswer() throws JsonProcessingException {
        JsonNode result = json("--task-names", "piqa,winogrande", "--most-tasks", "5", "--shots", "2", "--json");
        assertThat(result.path("perplexity").isNull()).isTrue();
        JsonNode scores = result.path("zeroShot");
        assertThat(scores.path("harness").textValue()).isEqualTo("lm-evaluation-harness 0.4.13");
        assertThat(scores.path("shots").intValue()).isEqualTo(2);
        assertThat(scores.path("missing")).isEmpty();
        double acc = 0;
        double accNorm = 0;
        for (JsonNode task : scores.path("tasks")) {
            assertThat(task.path("answers")).hasSize(5);
            int right = 0;
            for (JsonNode answer : task.path("answers")) {
                right +=
                        answer.path("right").intValue() == answer.path("chosen").intValue() ? 1 : 0;
                assertThat(answer.path("logLikelihoods")).hasSize(2);
            }
            assertThat(task.path("acc").doubleValue()).isEqualTo(right / 5.0);
            acc += task.path("acc").doubleValue() / 2;
            accNorm +=
                    task.path(task.path("accNorm").isNull() ? "acc" : "accNorm").doubleValue() / 2;
        }
        assertThat(scores.path("tasks").findValuesAsText("task")).containsExactly("piqa", "winogrande");
        assertThat(scores.path("averageAcc").doubleValue()).isCloseTo(acc, within(1e-12));
        assertThat(scores.path("averageAccNorm").doubleValue()).isCloseTo(accNorm, within(1e-12));
    }

    @Test
    void aTextMayBeMeasuredBeside() throws JsonProcessingException {
        JsonNode result = json(
                "--task-names",
                "piqa",
                "--most-tasks",
                "1",
                "--text",
                DemoModel.directory().resolve("validation.txt").toString(),
                "--window",
                "64",
                "--windows",
                "2",
                "--json");
        assertThat(result.path("perplexity").path("windows").intValue()).isEqualTo(2);
        JsonNode task = result.path("zeroShot").path("tasks").path(0);
        assertThat(task.path("questions").intValue()).isEqualTo(1);
        assertThat(task.path("accStderr").isNull()).isTrue();
    }

    /** Layers that do not fit are loaded for many choices at a time; what is left out of long contexts is said. */
    @Test
    void littleMemoryAndLongContexts() {
        CommandRun run = evaluate("--task-names", "boolq", "--most-tasks", "4", "--memory", "0.02");
        run.succeeds();
        assertThat(run.errors()).anyMatch(line -> line.startsWith("2 of 8 choices") && line.contains("1024 tokens"));
        assertThat(run.output().get(1)).startsWith("boolq");
    }

    @Test
    void whatIsMissingIsSaid() throws IOException {
        Files.copy(Path.of(FILES, "piqa.jsonl"), directory.resolve("piqa.jsonl"));
        CommandRun run = CommandRun.of(
                "evaluate", MODEL, "--tasks", directory.toString(), "--suite", "zero-shot", "--most-tasks", "1");
        assertThat(run.succeeds().errors())
                .anyMatch(line -> line.endsWith("boolq, hellaswag, winogrande, arc_easy, arc_challenge, openbookqa"));
        assertThat(run.output()).hasSize(4);
    }

    @Test
    void whatMakesNoSenseIsRefused() throws IOException {
        String text = DemoModel.directory().resolve("validation.txt").toString();
        CommandRun.of("evaluate", MODEL, "--suite", "zero-shot").isRefused(FailureKind.USAGE, "--tasks");
        CommandRun.of("evaluate", MODEL, "--tasks", FILES, "--suite", "few-shot")
                .isRefused(FailureKind.USAGE, "--suite", "only zero-shot");
        evaluate("--task-names", "piqa,mmlu").isRefused(FailureKind.USAGE, "--task-names", "mmlu", "arc_easy");
        evaluate("--shots", "-1").isRefused(FailureKind.USAGE, "--shots must be from 0 to 1000");
        evaluate("--most-tasks", "-1").isRefused(FailureKind.USAGE, "--most-tasks must be at least 0");
        evaluate("--window", "64").isRefused(FailureKind.USAGE, "--text");
        evaluate("--repeat", "2").isRefused(FailureKind.USAGE, "--text");
        CommandRun.of("evaluate", MODEL, "--text", text, "--shots", "1").isRefused(FailureKind.USAGE, "--suite");
        CommandRun.of("evaluate", MODEL, "--tasks", FILES).isRefused(FailureKind.NOT_FOUND, "is a directory");
        CommandRun.of("evaluate", MODEL, "--tasks", text, "--suite", "zero-shot")
                .isRefused(FailureKind.NOT_FOUND, "no directory", "piqa.jsonl");
        Files.writeString(directory.resolve("piqa.jsonl"), "{\"goal\":\"\u001b[31m\",\"sol1\":7}");
        CommandRun.of("evaluate", MODEL, "--tasks", directory.toString(), "--suite", "zero-shot")
                .isRefused(FailureKind.BAD_TEXT, "line 1", "piqa.jsonl", "sol1, sol2, label");
    }
}
