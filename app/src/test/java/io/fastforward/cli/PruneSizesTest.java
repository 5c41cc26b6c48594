package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One model to several sizes. */
class PruneSizesTest {

    @TempDir
    private Path directory;

    private TinyRun run;

    @BeforeEach
    void write() throws IOException {
        run = TinyRun.in(directory);
    }

    @ParameterizedTest
    @ValueSource(strings = {"wanda", "spap"})
    void everySizeIsThatOfARunOfItsOwn(String criterion) throws IOException {
        CommandRun all = sizes("0.3,0.5").with("--criterion", criterion).run().succeeds();
        assertThat(all.text()).containsSubsequence("budget.sparsity", "after repair", "0.3 ", "0.5 ", "Pruned models");
        boolean shared = criterion.equals("wanda");
        assertThat(all.errors().stream().filter(line -> line.startsWith("Scoring units")))
                .hasSize(shared ? 1 : 2);
        for (String size : List.of("0.3", "0.5")) {
            Path alone = directory.resolve("alone-" + size);
            run.command()
                    .with("--criterion", criterion)
                    .with("--sparsity", size)
                    .with("--output", alone)
                    .run()
                    .succeeds();
            for (String name : List.of("policy.json", "model.safetensors")) {
                assertThat(output(size).resolve(name)).hasSameBinaryContentAs(alone.resolve(name));
            }
            assertThat(record(size).resolve("trials.jsonl"))
                    .hasSameBinaryContentAs(directory.resolve("alone-" + size + "-run/trials.jsonl"));
            assertThat(perplexities(record(size))).isEqualTo(perplexities(directory.resolve("alone-" + size + "-run")));
            assertThat(document(record(size), "nested-order.json"))
                    .isEqualTo(document(directory.resolve("alone-" + size + "-run"), "nested-order.json"));
        }
        assertThat(Files.readString(record("0.5").resolve("run.log")).contains("which another run made: ranking"))
                .isEqualTo(shared);
    }

    @Test
    void eachCanBeResumedAlone() {
        sizes("0.3,0.5").run().succeeds();
        CommandRun alone = run.command()
                .with("--sparsity", "0.5")
                .with("--output", output("0.5"))
                .and("--resume")
                .run()
                .succeeds();
        assertThat(alone.errors()).anySatisfy(line -> assertThat(line).contains("This run is complete"));
    }

    @Test
    void whatIsFinishedIsTakenFromTheRecords() throws IOException {
        CommandRun first = sizes("0.3,0.5").run().succeeds();
        sizes("0.3,0.5").run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "0.3", "--output");
        CommandRun more = sizes("0.3,0.5,0.4").and("--resume").run().succeeds();
        assertThat(more.errors().stream().filter(line -> line.contains("This run is complete")))
                .hasSize(2);
        assertThat(more.errors()).noneMatch(line -> line.startsWith("Scoring units"));
        for (String size : List.of(" 0.3 ", " 0.5 ")) { // seconds included
            assertThat(row(more, size)).isEqualTo(row(first, size));
        }
        assertThat(row(more, " 0.4 ")).isNotEmpty();
        assertThat(output("0.4").resolve("model.safetensors")).exists();
    }

    private static String row(CommandRun run, String size) {
        return run.output().stream()
                .filter(line -> line.contains(size))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void thereIsAListForPrograms() throws IOException {
        CommandRun all = sizes("0.3,0.5").and("--json").run().succeeds();
        JsonNode list = new ObjectMapper().readTree(all.text());
        assertThat(list.findValuesAsText("targetSparsity")).containsExactly("0.3", "0.5");
        assertThat(all.errors()).isEmpty();
    }

    @Test
    void aSizeThatCannotBeReachedDoesNotStopTheOthers() {
        CommandRun all = sizes("0.99,0.3").run();
        assertThat(all.exitCode()).isEqualTo(FailureKind.RUNS.exitCode());
        assertThat(all.errors().getLast()).contains("1 of 2 sizes failed", "0.99", "--resume");
        assertThat(all.text()).contains("0.3 ", "0.99");
        assertThat(output("0.3").resolve("model.safetensors")).exists();
        assertThat(output("0.99")).doesNotExist();
    }

    @Test
    void ifAllFailTheFirstSaysWhy() {
        sizes("0.3,0.5")
                .with("--evaluation", directory.resolve("missing"))
                .run()
                .isRefused(FailureKind.NOT_FOUND, "missing");
        assertThat(directory.resolve("out/shared")).doesNotExist();
    }

    @Test
    void outputsAreLookedAtBeforeAnyWork() throws IOException {
        Files.createDirectories(output("0.5"));
        Files.writeString(output("0.5").resolve("file"), "of somebody");
        CommandRun all = sizes("0.3,0.5").run();
        all.isRefused(FailureKind.OUTPUT_NOT_EMPTY, output("0.5").toString());
        assertThat(output("0.3")).doesNotExist();
        assertThat(record("0.3")).doesNotExist();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0.3,0.3 | '0.3' is there twice",
                "0.3,0.30 | '0.30' is there twice",
                "0.3,x | 'x' is not a number",
                "0.3, | '' is not a number",
                "0.3,1 | --sparsity must be between 0 and 1, both excluded, but is 1.0",
                "0.3,NaN | --sparsity must be between 0 and 1"
            })
    void listsThatMakeNoSenseAreRefused(String sparsities, String words) {
        sizes(sparsities).run().isRefused(FailureKind.USAGE, words);
        assertThat(directory.resolve("out")).doesNotExist();
    }

    @Test
    void whatHasOneSizeOrCanBeReadOnceIsRefused() {
        sizes("0.3,0.5")
                .with("--policy", directory.resolve("policy.json"))
                .run()
                .isRefused(FailureKind.USAGE, "--policy", "--sparsity asks for several");
        sizes("0.3,0.5").with("--calibration", "-").run().isRefused(FailureKind.USAGE, "'-' is a pipe", "--sparsity");
        sizes("0.3,0.5")
                .with("--reward", "accuracy")
                .with("--reward-tasks", "-")
                .run()
                .isRefused(FailureKind.USAGE, "'-' is a pipe", "--sparsity");
        sizes("0.3,0.5").and("--resume").run().isRefused(FailureKind.BAD_RECORD, "no run to resume", "--resume");
    }

    @Test
    void recordsGoWhereTheUserSays() {
        sizes("0.3,0.5").with("--run-dir", directory.resolve("records")).run().succeeds();
        assertThat(directory.resolve("records/0.5/result.json")).exists();
        assertThat(record("0.5")).doesNotExist();
    }

    private SmallRun sizes(String sparsities) {
        return run.command().with("--sparsity", sparsities);
    }

    private Path output(String size) {
        return directory.resolve("out").resolve(size);
    }

    private Path record(String size) {
        return directory.resolve("out").resolve(size + "-run");
    }

    private static List<String> perplexities(Path record) throws IOException {
        return new ObjectMapper()
                .readTree(record.resolve("result.json").toFile())
                .findValuesAsText("perplexity");
    }

    private static JsonNode document(Path record, String name) throws IOException {
        var document = (com.fasterxml.jackson.databind.node.ObjectNode)
                new ObjectMapper().readTree(record.resolve(name).toFile());
        return document.without(List.of("sha256", "run"));
    }
}
