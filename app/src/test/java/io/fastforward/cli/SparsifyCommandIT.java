package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;
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

    /** A run that did one layer after the other goes on with two at a time, and ends in the same bytes. */
    @Test
    void howManyLayersAreDoneAtOnceIsNoSettingOfTheRun() throws IOException {
        String[] settings = {"--pattern", "2:4", "--method", "sparsegpt", "--layer-input", "dense-model"};
        sparsify(settings).succeeds();
        byte[] expected = Files.readAllBytes(directory.resolve("out/model.safetensors"));
        Files.delete(directory.resolve("out-run/result.json"));
        Files.delete(directory.resolve("out-run/export.json"));
        TinyRun.clear(directory.resolve("out"));
        sparsify(with(settings, "--resume", "--layers-at-once", "2")).succeeds();
        assertThat(Files.readAllBytes(directory.resolve("out/model.safetensors")))
                .isEqualTo(expected);
    }

    /** Another share of zeros for every module, as many in all; and what was interrupted anywhere ends in the same bytes. */
    @Test
    void aSearchSharesZerosAmongModules() throws IOException {
        String[] search = {
            "--pattern",
            "0.7",
            "--method",
            "wanda",
            "--agent",
            "ppo",
            "--episodes",
            "45",
            "--reward-windows",
            "4",
            "--keep-layers",
            "0"
        };
        CommandRun whole = sparsify(search);
        whole.succeeds();
        assertThat(whole.text()).contains("wanda 0.7 searched", "are zero; from 0.0% to");
        JsonNode record = JSON.readTree(directory.resolve("out/sparsify.json").toFile());
        assertThat(record.at("/patterns")).hasSize(16);
        assertThat(record.at("/patterns/0").textValue()).isEqualTo("dense");
        assertThat(new HashSet<>(texts(record.at("/patterns")))).hasSizeGreaterThan(4);
        double share = zeros(record) / weights(record);
        assertThat(share).isBetween(0.69, 0.71);
        byte[] expected = Files.readAllBytes(directory.resolve("out/model.safetensors"));
        assertThat(sparsify(with(search, "--resume")).succeeds().text()).contains("wanda 0.7 searched");

        // Written but not measured, then searched but not written, then in the middle of the search.
        for (String lost : List.of("result.json", "export.json", "search-result.json")) {
            Files.delete(directory.resolve("out-run/result.json"));
            if (!lost.equals("result.json")) {
                Files.delete(directory.resolve("out-run/export.json"));
                TinyRun.clear(directory.resolve("out"));
            }
            if (lost.equals("search-result.json")) {
                Files.delete(directory.resolve("out-run/search-result.json"));
            }
            sparsify(with(search, "--resume")).succeeds();
            assertThat(Files.readAllBytes(directory.resolve("out/model.safetensors")))
                    .as(lost)
                    .isEqualTo(expected);
        }
        sparsify(with(search, "--resume", "--seed", "7")).isRefused(FailureKind.BAD_RECORD, "--seed", "then 1, now 7");
        sparsify("--pattern", "0.6", "--resume").isRefused(FailureKind.BAD_RECORD, "--reward-windows");
    }

    @Test
    void groupsCanBeSearchedToo() throws IOException {
        JsonNode result = JSON.readTree(sparsify(
                        "--pattern",
                        "4:8",
                        "--method",
                        "magnitude",
                        "--agent",
                        "threshold",
                        "--episodes",
                        "1",
                        "--reward-windows",
                        "1",
                        "--json")
                .succeeds()
                .text());
        assertThat(result.at("/search/episodes").intValue()).isEqualTo(1);
        assertThat(result.at("/zeros/maps")).allSatisfy(map -> {
            double eighths =
                    8 * map.at("/zeros").doubleValue() / map.at("/weights").doubleValue();
            assertThat(eighths).isCloseTo(Math.rint(eighths), within(0.01)); // and weights that were zero before
        });
    }

    private static String[] with(String[] arguments, String... more) {
        return Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(text -> texts.add(text.textValue()));
        return texts;
    }

    private static double zeros(JsonNode record) {
        return sum(record, "/zeros");
    }

    private static double weights(JsonNode record) {
        return sum(record, "/weights");
    }

    private static double sum(JsonNode record, String what) {
        double sum = 0;
        for (JsonNode map : record.at("/zeros/maps")) {
            sum += map.at(what).doubleValue();
        }
        return sum;
    }

    @Test
    void whatCannotBeIsRefusedBeforeAnythingIsWritten() throws IOException {
        sparsify("--pattern", "half").isRefused(FailureKind.USAGE, "--pattern", "2:4");
        sparsify("--pattern", "2:5").isRefused(FailureKind.UNSUPPORTED_MODEL, "2:5", "192");
        sparsify("--pattern", "0.5", "--method", "none").isRefused(FailureKind.PLUGIN, "none", "sparsegpt");
        sparsify("--pattern", "0.5", "--option", "calibrator.ridge=1").isRefused(FailureKind.USAGE, "sparsifier");
        sparsify("--pattern", "0.5", "--calibration-windows", "0")
                .isRefused(FailureKind.USAGE, "--calibration-windows", "at least 1");
        sparsify("--pattern", "0.5", "--episodes", "5").isRefused(FailureKind.USAGE, "--agent");
        sparsify("--pattern", "0.5", "--option", "agent.learning-rate=1").isRefused(FailureKind.USAGE, "sparsifier");
        sparsify("--pattern", "0.95", "--agent", "random")
                .isRefused(FailureKind.UNREACHABLE_SPARSITY, "0.95", "--min-retention");
        sparsify("--pattern", "0.5", "--agent", "random", "--min-retention", "-1")
                .isRefused(FailureKind.USAGE, "--min-retention", "from 0 to 1");
        sparsify("--pattern", "0.5", "--agent", "surrogate").isRefused(FailureKind.USAGE, "--agent surrogate", "ppo");
        sparsify("--pattern", "0.5", "--agent", "random", "--search-method", "none")
                .isRefused(FailureKind.PLUGIN, "none", "wanda");
        sparsify("--pattern", "0.5", "--resume").isRefused(FailureKind.BAD_RECORD, "no run to resume");
        sparsify("--pattern", "0.5", "--refit", "-1").isRefused(FailureKind.USAGE, "--refit");
        sparsify("--pattern", "0.5", "--layers-at-once", "0")
                .isRefused(FailureKind.USAGE, "--layers-at-once", "at least 1");
        sparsify("--pattern", "0.5", "--layers-at-once", "2")
                .isRefused(FailureKind.USAGE, "--layers-at-once is 2", "--layer-input dense-model");
        sparsify("--pattern", "0.5", "--layers-at-once", "2", "--layer-input", "dense-model", "--memory", "0.01")
                .isRefused(FailureKind.DEVICE, "lower --layers-at-once", "--calibration-windows");
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
