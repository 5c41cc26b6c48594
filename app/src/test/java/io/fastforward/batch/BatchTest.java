package io.fastforward.batch;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.run.Compute;
import io.fastforward.settings.PruneSettings;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What files of runs mean, and which are refused. */
class BatchTest {

    private static final String HEAD = "models: one\ncalibration: text\n";

    @TempDir
    private Path directory;

    @BeforeEach
    void write() throws IOException {
        Files.createDirectory(directory.resolve("one"));
        Files.createDirectory(directory.resolve("two"));
        Files.writeString(directory.resolve("text"), "a text");
    }

    @Test
    void everyRunIsDoneAtEveryPointOnEveryModel() {
        Batch batch = read("""
                name: criteria
                models: [one, two]
                calibration: text
                base: { recipe: fasp, budget: { sparsity: 0.4 }, seed: 5 }
                runs:
                  - name: wanda
                  - name: obs
                    recipe: flap
                    settings: { plugins: { criterion: obs, options: { agent.batch: 10 } } }
                grid: { budget.sparsity: [0.2, 0.3], seed: [1, 2, 3] }
                """);
        assertThat(batch.name()).isEqualTo("criteria");
        assertThat(batch.runs()).hasSize(2 * 2 * 2 * 3);
        PlannedRun last = batch.runs().getLast();
        assertThat(last.model()).isEqualTo("two");
        assertThat(last.name()).isEqualTo("obs");
        assertThat(last.settings())
                .containsExactly(
                        Map.entry("recipe", "flap"),
                        Map.entry("plugins.criterion", "obs"),
                        Map.entry("plugins.options.agent.batch", "10"),
                        Map.entry("budget.sparsity", "0.3"),
                        Map.entry("seed", "3"));
        PruneSettings settings = last.request().settings();
        assertThat(settings.recipe()).isEqualTo("flap");
        assertThat(settings.seed()).isEqualTo(3);
        assertThat(settings.budget().sparsity()).isEqualTo(0.3);
        assertThat(settings.plugins().options()).containsEntry("agent.batch", "10");
        Path place = directory.resolve("out/two/obs/sparsity=0.3,seed=3");
        assertThat(last.request().output()).isEqualTo(place.resolve("pruned"));
        assertThat(last.request().runDirectory()).isEqualTo(place.resolve("pruned-run"));
        assertThat(last.request().files().model()).isEqualTo(directory.resolve("two"));
        assertThat(last.request().keepOutput()).isFalse();
        PruneSettings first = batch.runs().getFirst().request().settings();
        assertThat(first.recipe()).isEqualTo("fasp");
        assertThat(batch.runs().stream().map(run -> run.request().output()).distinct())
                .hasSize(24);
    }

    @Test
    void whatIsNotSaidIsOneRunOfTheBase() throws IOException {
        Batch batch = read("{\"models\": {\"first\": \"one\"}, \"calibration\": \"text\"}", "file.json");
        assertThat(batch.name()).isEqualTo("file.json");
        assertThat(batch.runs()).hasSize(1);
        assertThat(batch.runs().getFirst().model()).isEqualTo("first");
        assertThat(batch.runs().getFirst().request().settings()).isEqualTo(PruneSettings.DEFAULT);
        assertThat(batch.runs().getFirst().request().output()).isEqualTo(directory.resolve("out/first/base/pruned"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "runz: [] | line 3: 'runz' is not known here; there are base, calibration",
                "base: { budget: { sparsty: 0.3 } } | line 3: there is no setting 'budget.sparsty'",
                "base:#  budget:#    sparsty: 0.3 | line 5: there is no setting 'budget.sparsty'",
                "base: { budget: { sparsity: x } } | the settings of the base: budget/sparsity",
                "base: { budget: { sparsity: 2 } } | <budget.sparsity> must be between 0 and 1",
                "base: { recipe: nobody } | there is no recipe 'nobody'",
                "base: 3 | line 3: 'base' must hold names and values",
                "calibration: other | line 3: ",
                "runs: [] | line 3: 'runs' must be a list of at least one",
                "runs: [wanda] | line 3: a run has names and values",
                "runs: [{ settings: {} }] | line 3: a run needs a 'name'",
                "runs:#  - name: a#  - name: a | twice",
                "runs:#  - name: a#  - { name: a, settings: { seed: 2 } } | line 5: two runs are called 'a'",
                "runs: [{ name: a, seed: 2 }] | line 3: 'seed' is not known here; there are name, recipe, settings",
                "runs: [{ name: ../a }] | '../a' cannot be the name",
                "runs: [{ name: a }, { name: A }] | two runs would write to",
                "grid: { seeed: [1] } | line 3: there is no setting 'seeed'",
                "grid: { recipe: [a] } | line 3: there is no setting 'recipe'",
                "grid: { seed: 1 } | line 3: 'seed' must be a list",
                "grid: { seed: [1, 1] } | line 3: 'seed' has 1 twice",
                "grid: { seed: [1.5] } | the settings of the grid: seed",
                "mostTasks: 0 | line 3: 'mostTasks' must be a whole number, at least 1",
                "tasks: nowhere | nowhere' is to be questions, but there is none",
                "evaluation: 3 | line 3: 'evaluation' must be a text",
                "base: &a { seed: 1 } | line 3: anchors (&), aliases (*) and tags (!) are not understood",
                "base: *a | aliases",
                "base: !!java.net.URL [x] | line 3: anchors (&), aliases (*) and tags (!) are not understood",
                "base: ~ | line 3: a value is missing",
                "base: { | line 4",
                "---#x: 1 | one document was expected",
                "base: [[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]] | line"
            })
    void everythingElseIsRefused(String text, String words) {
        Failures.expect(
                words.startsWith("nowhere") ? FailureKind.NOT_FOUND : FailureKind.USAGE,
                () -> read(HEAD + text.replace('#', '\n') + "\n"),
                words);
    }

    @Test
    void whatIsMissingIsSaid() throws IOException {
        Failures.expect(FailureKind.USAGE, () -> read("calibration: text"), "line 1", "'models: DIR' is missing");
        Failures.expect(FailureKind.USAGE, () -> read("models: one"), "line 1", "'calibration: FILE' is missing");
        Failures.expect(FailureKind.NOT_FOUND, () -> read("models: none\ncalibration: text"), "a model's directory");
        Failures.expect(
                FailureKind.USAGE, () -> read("models: [one, ./one]\ncalibration: text"), "two models are called");
        Failures.expect(FailureKind.USAGE, () -> read("models: {shared: one}\ncalibration: text"), "'shared'");
        Failures.expect(FailureKind.USAGE, () -> read(""), "line 1");
        Failures.expect(FailureKind.USAGE, () -> read("- a"), "line 1");
        Failures.expect(
                FailureKind.NOT_FOUND, () -> Batch.read(directory.resolve("missing"), template()), "cannot be read");
    }

    @Test
    void filesThatAreTooLargeAreRefused() {
        Failures.expect(FailureKind.USAGE, () -> read("# " + "x".repeat(1 << 20)), "more than");
        Failures.expect(
                FailureKind.USAGE,
                () -> read(HEAD + "grid: { seed: " + numbers(200) + ", budget.widthMultiple: " + numbers(200) + " }"),
                "more than 10000 runs");
    }

    /** What is read by both parsers is the same. */
    @Test
    void jsonIsReadAsStrictly() {
        Failures.expect(
                FailureKind.USAGE,
                () -> read("{\"models\": \"one\",\n\"models\": \"one\"}", "file.json"),
                "line 2",
                "'models' is there twice");
        Failures.expect(FailureKind.USAGE, () -> read("{} {}", "file.json"), "one document");
        Failures.expect(FailureKind.USAGE, () -> read("{\"base\": null}", "file.json"), "a value is missing");
    }

    private static String numbers(int count) {
        return IntStream.rangeClosed(1, count).boxed().toList().toString();
    }

    private Batch read(String text) {
        try {
            return read(text, "file.yaml");
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Batch read(String text, String name) throws IOException {
        return Batch.read(Files.writeString(directory.resolve(name), text), template());
    }

    private RunTemplate template() {
        return new RunTemplate(directory.resolve("out"), false, false, new Compute("cpu", 1, 1 << 30));
    }
}
