package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** From the dense demo model to a sparse one. */
class SparsifyCommandIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({"magnitude, 0.5, 0", "wanda, 0.5, 20", "sparsegpt, 2:4, 0", "fista, 4:8, 0", "fista-refit, 2:4, 0"})
    void theResultHasThePatternAndLoads(String method, String pattern, int refit) throws IOException {
        JsonNode result =
                JSON.readTree(sparsify("--method", method, "--pattern", pattern, "--refit", refit + "", "--json")
                        .succeeds()
                        .text());
        assertThat(result.at("/zeros/patterns").toString()).isEqualTo("[\"" + pattern + "\"]");
        assertThat(result.at("/variants/1/perplexity/perplexity").doubleValue())
                .isLessThan(1.5 * result.at("/variants/0/perplexity/perplexity").doubleValue());
        JsonNode record = JSON.readTree(directory.resolve("out/sparsify.json").toFile());
        assertThat(record.at("/settings/method").asText()).isEqualTo(method);
        assertThat(record.at("/zeros")).isEqualTo(result.at("/zeros"));
        assertThat(record.at("/model")).isNotEmpty();
        assertThat(record.at("/files/calibration/sha256").asText()).hasSize(64);

        JsonNode inspected = JSON.readTree(
                CommandRun.of("inspect", out(), "--zeros", "--json").succeeds().text());
        assertThat(inspected.at("/pruned").booleanValue()).isFalse();
        assertThat(inspected.at("/zeros/maps")).isEqualTo(result.at("/zeros/maps"));
        assertThat(inspected.at("/zeros/patterns").toString().contains("4:8")).isEqualTo(pattern.contains(":"));
        assertThat(CommandRun.of("inspect", out(), "--zeros").succeeds().text())
                .contains("of the weights of the layers' linear maps", "mlp output");
    }

    @Test
    void sameSeedSameBytes() throws IOException {
        sparsify("--pattern", "2:4").succeeds();
        byte[] first = Files.readAllBytes(directory.resolve("out/model.safetensors"));
        CommandRun again = run("again", "--pattern", "2:4");
        again.succeeds();
        assertThat(Files.readAllBytes(directory.resolve("again/model.safetensors")))
                .isEqualTo(first);
        assertThat(again.text()).contains("the pattern 2:4 holds in every map", "Try next");
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnythingIsWritten() throws IOException {
        sparsify("--pattern", "half").isRefused(FailureKind.USAGE, "--pattern", "2:4");
        sparsify("--pattern", "2:5").isRefused(FailureKind.UNSUPPORTED_MODEL, "2:5", "192");
        sparsify("--pattern", "0.5", "--method", "none").isRefused(FailureKind.PLUGIN, "none", "sparsegpt");
        sparsify("--pattern", "0.5", "--option", "calibrator.ridge=1").isRefused(FailureKind.USAGE, "sparsifier");
        sparsify("--pattern", "0.5", "--calibration-windows", "0")
                .isRefused(FailureKind.USAGE, "--calibration-windows", "at least 1");
        sparsify("--pattern", "0.5", "--refit", "-1").isRefused(FailureKind.USAGE, "--refit");
        Files.createFile(Files.createDirectory(directory.resolve("full")).resolve("file"));
        run("full", "--pattern", "0.5", "--method", "magnitude").isRefused(FailureKind.OUTPUT_NOT_EMPTY, "not empty");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    private CommandRun sparsify(String... arguments) {
        return run("out", arguments);
    }

    private CommandRun run(String output, String... arguments) {
        List<String> all = new ArrayList<>(List.of(
                "sparsify",
                DemoModel.directory().toString(),
                "--output",
                directory.resolve(output).toString(),
                "--calibration",
                DemoModel.directory().resolve("calibration.txt").toString(),
                "--text-unit",
                "line",
                "--window",
                "64",
                "--evaluation-windows",
                "16"));
        if (!List.of(arguments).contains("--calibration-windows")) {
            all.addAll(List.of("--calibration-windows", "32"));
        }
        all.addAll(List.of(arguments));
        return CommandRun.of(all.toArray(String[]::new));
    }

    private String out() {
        return directory.resolve("out").toString();
    }
}
