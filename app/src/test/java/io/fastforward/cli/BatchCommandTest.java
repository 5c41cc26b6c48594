package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs of a file on a tiny model. */
class BatchCommandTest {

    private static final String BASE = """
            models: model
            calibration: text
            base:
              text: { unit: LINE }
              windows: { length: 32, scoring: 4, repair: 40, reward: 2, evaluation: 4 }
              plugins: { agent: ppo, options: { agent.batch: 5 } }
              budget: { sparsity: 0.3, attention: kv-group }
              search: { episodes: 5 }
            """;

    @TempDir
    private Path directory;

    private TinyRun tiny;

    @BeforeEach
    void write() throws IOException {
        tiny = TinyRun.in(directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {"1", "2"})
    void runsAreThoseOfPruneHoweverManyGoOnAtATime(String jobs) throws IOException {
        file("""
                runs: [{ name: wanda }, { name: spap, settings: { plugins: { criterion: spap } } }]
                grid: { budget.sparsity: [0.3, 0.5] }
                """);
        CommandRun run = batch("--jobs", jobs, "--keep-models", "true").succeeds();
        assertThat(run.text()).contains("wanda", "spap", "plugins.criterion", "budget.sparsity", "after repair");
        for (String criterion : List.of("wanda", "spap")) {
            Path alone = directory.resolve("alone-" + criterion);
            tiny.command()
                    .with("--criterion", criterion)
                    .with("--sparsity", "0.5")
                    .with("--episodes", "5")
                    .with("--output", alone)
                    .run()
                    .succeeds();
            for (String name : List.of("policy.json", "model.safetensors")) {
                assertThat(directory
                                .resolve("out/model")
                                .resolve(criterion)
                                .resolve("sparsity=0.5/pruned")
                                .resolve(name))
                        .hasSameBinaryContentAs(alone.resolve(name));
            }
        }
        assertThat(shared("ranking")).hasSize(3);
        assertThat(Files.readString(directory.resolve("out/table.csv")).lines()).hasSize(5);
        assertThat(Files.readString(directory.resolve("out/table.md")).lines()).hasSize(6);
    }

    @Test
    void aDryRunSaysWhatIsShared() throws IOException {
        file("""
                runs: [{ name: wanda }, { name: spap, settings: { plugins: { criterion: spap } } }]
                grid: { budget.sparsity: [0.3, 0.5] }
                """);
        CommandRun run = batch("--dry-run").succeeds();
        assertThat(run.text()).contains("4 runs, whose units are ranked 3 times");
        assertThat(directory.resolve("out")).doesNotExist();
        file("grid: { budget.sparsity: [0.3, 0.999] }\n");
        batch("--dry-run").isRefused(FailureKind.UNREACHABLE_SPARSITY, "base budget.sparsity=0.999");
    }

    @Test
    void figuresAreKeptAndModelsAreNot() throws IOException {
        file("grid: { seed: [1, 2] }\n");
        CommandRun first = batch().succeeds();
        Path run = directory.resolve("out/model/base/seed=1");
        assertThat(run.resolve("pruned")).doesNotExist();
        assertThat(run.resolve("pruned-run/policy.json")).exists();
        byte[] table = Files.readAllBytes(directory.resolve("out/table.json"));
        batch().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "seed=1", "--resume");

        CommandRun again = batch("--resume").succeeds();
        assertThat(again.errors().stream().filter(line -> line.contains("This run is complete")))
                .hasSize(2);
        assertThat(again.output()).isEqualTo(first.output());
        assertThat(directory.resolve("out/table.json")).hasBinaryContent(table);
        assertThat(run.resolve("pruned")).doesNotExist();
    }

    @Test
    void whatWasInterruptedGoesOn() throws IOException {
        file("grid: { seed: [1, 2] }\n");
        batch().succeeds();
        JsonNode before = rows();
        Path run = directory.resolve("out/model/base/seed=2/pruned-run");
        for (String name : List.of("result.json", "export.json", "search-result.json")) {
            Files.delete(run.resolve(name));
        }
        Files.delete(directory.resolve("out/table.json"));
        CommandRun resumed = batch("--resume").succeeds();
        assertThat(resumed.errors()).noneMatch(line -> line.startsWith("Scoring units"));
        assertThat(rows().findValues("figures")).isEqualTo(before.findValues("figures"));
    }

    @Test
    void aRunThatFailsDoesNotStopTheOthers() throws IOException {
        file("runs: [{ name: bad, settings: { budget: { sparsity: 0.999 } } }, { name: good }]\n");
        CommandRun run = batch();
        assertThat(run.exitCode()).isEqualTo(FailureKind.RUNS.exitCode());
        assertThat(run.errors().getLast()).contains("1 of 2 runs failed", "--resume");
        assertThat(run.text()).contains("0.999", "good");
        List<String> failures = new ArrayList<>();
        rows().forEach(row -> failures.add(row.get("failure").asText()));
        assertThat(failures.getFirst()).contains("0.999");
        assertThat(failures.getLast()).isEqualTo("null");
        assertThat(Files.readString(directory.resolve("out/table.csv"))).contains("failure", "0.999");
    }

    @Test
    void whatNoRunCanDoIsSaidBeforeAnyWork() throws IOException {
        file("runs: [{ name: good }, { name: bad, settings: { plugins: { criterion: nobody } } }]\n");
        batch().isRefused(FailureKind.PLUGIN, "nobody");
        assertThat(directory.resolve("out")).doesNotExist();
        batch("--jobs", "0").isRefused(FailureKind.USAGE, "--jobs must be from 1 to 1024");
        batch("--resume").isRefused(FailureKind.BAD_RECORD, "no run to resume");
        CommandRun.of("batch", "--output", "x").isRefused(FailureKind.USAGE, "FILE");
    }

    @Test
    void anAblationHasATableOfChanges() throws IOException {
        file("vary: { plugins.calibrator: [ridge, none] }\nseeds: [1, 2]\n");
        CommandRun run = command("ablate").succeeds();
        assertThat(run.text()).containsSubsequence("setting", "difference", "ridge", "+0.0000", "none");
        assertThat(Files.readString(directory.resolve("out/ablation.md")))
                .contains("| plugins.calibrator | none | 2 |");
        assertThat(rows()).hasSize(4);
        JsonNode list = new ObjectMapper()
                .readTree(command("ablate", "--resume", "--json").succeeds().text());
        assertThat(list).isEqualTo(rows());
    }

    private JsonNode rows() throws IOException {
        return new ObjectMapper()
                .readTree(directory.resolve("out/table.json").toFile())
                .get("rows");
    }

    private List<Path> shared(String stage) throws IOException {
        try (Stream<Path> files = Files.list(directory.resolve("out/shared"))) {
            return files.filter(file -> file.getFileName().toString().startsWith(stage))
                    .toList();
        }
    }

    private void file(String more) throws IOException {
        Files.writeString(directory.resolve("file.yaml"), BASE + more);
    }

    private CommandRun batch(String... more) {
        return command("batch", more);
    }

    private CommandRun command(String name, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                name,
                directory.resolve("file.yaml").toString(),
                "--output",
                directory.resolve("out").toString()));
        arguments.addAll(List.of(more));
        return CommandRun.of(arguments.toArray(String[]::new));
    }
}
