package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PlanCommandTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = TinyRun.in(directory).command().model();
    }

    private CommandRun plan(String record, String... more) {
        return run("plan", List.of("--run-dir", directory.resolve(record).toString()), more);
    }

    private CommandRun run(String command, List<String> own, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                command,
                model.toString(),
                "--calibration",
                directory.resolve("text").toString(),
                "--window",
                "32",
                "--scoring-windows",
                "4",
                "--repair-windows",
                "8",
                "--reward-windows",
                "3"));
        arguments.addAll(own);
        Collections.addAll(arguments, more);
        return CommandRun.of(arguments.toArray(String[]::new));
    }

    @Test
    void showsEverySizeThatCanBeReached() throws IOException {
        CommandRun shown = plan("plan", "--min-retention", "0.5").succeeds();
        assertThat(shown.text()).contains("perplexity, cut", "Not to be reached", "0.7", "Try next", "--sparsity 0.1,");
        JsonNode result =
                JSON.readTree(directory.resolve("plan").resolve("result.json").toFile());
        assertThat(result.get("points").size()).isBetween(3, 6);
        long parameters = result.get("denseParameters").longValue();
        double sparsity = 0;
        for (JsonNode point : result.get("points")) {
            assertThat(point.get("parameters").longValue()).isLessThan(parameters);
            assertThat(point.get("sparsity").doubleValue())
                    .isGreaterThanOrEqualTo(point.get("targetSparsity").doubleValue())
                    .isGreaterThan(sparsity);
            assertThat(point.get("repairedPerplexity").isNull()).isTrue();
            parameters = point.get("parameters").longValue();
            sparsity = point.get("sparsity").doubleValue();
        }
        assertThat(CommandRun.of("inspect", directory.resolve("plan").toString())
                        .succeeds()
                        .text())
                .contains("attention");
    }

    /** The search of prune finds the same policy, and measures the same on the same windows. */
    @Test
    void aPointIsWhatPruneFinds() throws IOException {
        plan("plan", "--sparsity", "0.3", "--reward-after", "repair").succeeds();
        JsonNode point = JSON.readTree(
                        directory.resolve("plan").resolve("result.json").toFile())
                .at("/points/0");
        run(
                        "prune",
                        List.of("--output", directory.resolve("out").toString()),
                        "--finalist-windows",
                        "3",
                        "--race",
                        "false",
                        "--uniform-finalist",
                        "false",
                        "--sparsity",
                        "0.3")
                .succeeds();
        JsonNode pruned = JSON.readTree(
                directory.resolve("out-run").resolve("result.json").toFile());
        assertThat(pruned.at("/policy/retained")).isEqualTo(point.at("/policy/retained"));
        assertThat(Math.exp(pruned.at("/search/loss").doubleValue()))
                .isCloseTo(
                        point.get("perplexity").doubleValue(),
                        within(1e-6 * point.get("perplexity").doubleValue()));
        assertThat(point.get("repairedPerplexity").doubleValue())
                .isNotEqualTo(point.get("perplexity").doubleValue());
    }

    @Test
    void whatItCannotDoIsSaidBeforeAnythingIsWritten() {
        plan("plan", "--sparsity", "0.999").isRefused(FailureKind.UNREACHABLE_SPARSITY, "0.999");
        plan("plan", "--sparsity", "0.3,0.999").isRefused(FailureKind.UNREACHABLE_SPARSITY, "0.999");
        plan("plan", "--sparsity", "1.5").isRefused(FailureKind.USAGE, "--sparsity");
        plan("plan", "--criterion", "spap").isRefused(FailureKind.USAGE, "--criterion spap", "one size");
        plan("demo/plan", "--reward-windows", "0").isRefused(FailureKind.USAGE, "--reward-windows");
        assertThat(directory.resolve("plan")).doesNotExist();
    }

    @Test
    void aFinishedPlanIsShownAgain() throws IOException {
        plan("plan", "--sparsity", "0.2,0.4").succeeds();
        plan("plan", "--sparsity", "0.2,0.4").isRefused(FailureKind.OUTPUT_NOT_EMPTY, "--resume");
        plan("plan", "--sparsity", "0.2", "--resume").isRefused(FailureKind.BAD_RECORD, "sparsities");
        byte[] result = Files.readAllBytes(directory.resolve("plan").resolve("result.json"));
        Files.delete(directory.resolve("plan").resolve("result.json"));
        plan("plan", "--sparsity", "0.2,0.4", "--resume").succeeds();
        assertThat(directory.resolve("plan").resolve("result.json")).hasBinaryContent(result);
    }
}
