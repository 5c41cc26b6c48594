package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user can do with runs and their results. One small run is shared by all tests. */
class PruneCommandIT {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Figures that another run of the same command may differ in. */
    private static final Set<String> TIMES_AND_PLACES =
            Set.of("seconds", "tokensPerSecond", "started", "output", "runDirectory", "run", "sha256");

    @TempDir
    private static Path shared;

    private static Path output;
    private static CommandRun run;

    @TempDir
    private Path directory;

    @BeforeAll
    static void pruneOnce() {
        output = shared.resolve("out");
        run = SmallRun.into(output).run().succeeds();
    }

    @Test
    void theReportNamesTheVariantsAndPlaces() {
        assertThat(run.text())
                .containsSubsequence(
                        "perplexity",
                        "dense",
                        "ppo ",
                        "ppo + ridge",
                        "Removed 30.0",
                        "Pruned model: " + output,
                        "Record of the run: " + output + "-run",
                        "fastforward evaluate " + output);
        assertThat(run.errors())
                .anySatisfy(line -> assertThat(line).contains("read back, its logits differ by 0.0e+00"));
    }

    @Test
    void theRecordIsComplete() throws IOException {
        assertThat(names(record(output)))
                .containsExactlyInAnyOrder(
                        "manifest.json",
                        "nested-order.json",
                        "search-state.json",
                        "search-result.json",
                        "trials.jsonl",
                        "policy.json",
                        "export.json",
                        "result.json",
                        "report.html",
                        "run.log",
                        "run.lock");
        assertThat(Files.readAllLines(record(output).resolve("trials.jsonl")).stream()
                        .filter(line -> line.contains("\"EPISODE\"")))
                .hasSize(10);
        assertThat(Files.readAllLines(record(output).resolve("run.log")))
                .allSatisfy(line -> assertThat(line).matches("\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}Z .+"))
                .map(line -> line.substring(21))
                .containsSubsequence(
                        "Scoring units with wanda",
                        "  sorted the units of 16 modules",
                        "Measuring: dense",
                        "Searching with ppo",
                        "Measuring: ppo",
                        "Pruning and writing",
                        "Measuring: ppo + ridge");
        assertThat(output.resolve("policy.json"))
                .hasSameBinaryContentAs(record(output).resolve("policy.json"));
    }

    /** Without an agent that searches, the policy is the one of the least error: no trial, and the same bytes with a resumed run. */
    @Test
    void byDefaultThePolicyIsTheOneOfTheLeastError() throws IOException {
        SmallRun small =
                SmallRun.into(directory.resolve("out")).without("--agent").withoutPluginOptions();
        assertThat(small.run().succeeds().text()).contains("surrogate + ridge", "Removed 30.0");
        JsonNode order =
                JSON.readTree(directory.resolve("out-run/nested-order.json").toFile());
        assertThat(order.get("errors")).hasSize(16);
        assertThat(order.at("/errors/1")).hasSize(513);
        assertThat(order.get("probes")).hasSize(16);
        JsonNode result = JSON.readTree(directory.resolve("out-run/result.json").toFile());
        assertThat(result.at("/search/episodes").intValue()).isBetween(1, 3);
        assertThat(result.at("/search/evaluations").intValue()).isLessThan(10);
        List<Integer> policy = new ArrayList<>();
        result.at("/policy/retained").forEach(units -> policy.add(units.intValue()));
        assertThat(new HashSet<>(policy)).hasSizeGreaterThan(4);
        small.with("--prior", "none")
                .with("--output", directory.resolve("other"))
                .run()
                .isRefused(FailureKind.USAGE, "--agent surrogate", "--prior none");
    }

    /** What is evaluated is what comes out: the loss of the winner is that of the model that is written. */
    @Test
    void candidatesCanBeRepairedBeforeTheyAreEvaluated() throws IOException {
        SmallRun small = SmallRun.into(directory.resolve("out"))
                .with("--reward-after", "repair")
                .with("--prior", "curves")
                .with("--episodes", 5);
        small.run().succeeds();
        JsonNode repaired =
                JSON.readTree(directory.resolve("out-run/result.json").toFile());
        small.with("--reward-after", "cut")
                .with("--output", directory.resolve("cut"))
                .run()
                .succeeds();
        JsonNode cut = JSON.readTree(directory.resolve("cut-run/result.json").toFile());
        assertThat(repaired.at("/search/loss").doubleValue())
                .isLessThan(cut.at("/search/loss").doubleValue());
        assertThat(repaired.at("/search/cost").doubleValue())
                .isGreaterThan(2 * cut.at("/search/cost").doubleValue());
    }

    /** Questions of their own for the search, and figures on others. */
    @Test
    void candidatesCanBeRewardedForAnythingThatIsMeasured() throws IOException {
        List<String> questions = Files.readAllLines(DemoModel.directory().resolve("tasks.jsonl"));
        Path reward = Files.write(directory.resolve("reward.jsonl"), questions.subList(0, 12));
        Path tasks = Files.write(directory.resolve("tasks.jsonl"), questions.subList(12, 20));
        SmallRun small = SmallRun.into(directory.resolve("out")).with("--tasks", tasks);
        small.with("--reward", "perplexity=1,kl=2,margin=1,accuracy=1")
                .with("--reward-tasks", reward)
                .run()
                .succeeds();
        JsonNode search =
                JSON.readTree(directory.resolve("out-run/result.json").toFile()).get("search");
        assertThat(search.get("reward").textValue()).isEqualTo("perplexity=1.0,kl=2.0,margin=1.0,accuracy=1.0");
        assertThat(search.get("loss").doubleValue())
                .isGreaterThan(search.get("denseLoss").doubleValue());

        SmallRun other = small.with("--output", directory.resolve("other"));
        other.with("--reward", "accuracy").run().isRefused(FailureKind.USAGE, "--reward accuracy", "--reward-tasks");
        other.with("--reward-tasks", reward).run().isRefused(FailureKind.USAGE, "--reward-tasks", "perplexity");
        other.with("--reward", "accuracy")
                .with("--reward-tasks", tasks)
                .run()
                .isRefused(FailureKind.USAGE, "--reward-tasks", "--tasks", "split");
    }

    @Test
    void thePrunedModelIsAnOrdinaryInput() throws IOException {
        assertThat(CommandRun.of("inspect", output.toString()).succeeds().text())
                .contains("30.01% of the layers' linear parameters were removed", "value channels", "/512");
        JsonNode inspection = JSON.readTree(
                CommandRun.of("inspect", output.toString(), "--json").succeeds().text());
        assertThat(inspection.get("pruned").booleanValue()).isTrue();

        JsonNode evaluation = JSON.readTree(CommandRun.of(
                        "evaluate",
                        output.toString(),
                        "--text",
                        DemoModel.directory().resolve("validation.txt").toString(),
                        "--text-unit",
                        "line",
                        "--window",
                        "32",
                        "--windows",
                        "4",
                        "--json")
                .succeeds()
                .text());
        assertThat(evaluation.get("perplexity").get("perplexity").doubleValue()).isBetween(1.0, 10.0);

        Path again = directory.resolve("again");
        SmallRun.into(again).of(output).with("--sparsity", "0.2").run().succeeds();
        assertThat(CommandRun.of("inspect", again.toString()).succeeds().text())
                .contains("44.0"); // 1 − 0.7 · 0.8 of the unpruned model
    }

    @Test
    void sameSeedSameResultWhateverTheThreads() throws IOException {
        Path one = directory.resolve("one");
        SmallRun.into(one).with("--threads", 1).run().succeeds();
        assertSameModel(one, output);
        assertThat(result(one)).isEqualTo(result(output));

        Path otherSeed = directory.resolve("other-seed");
        SmallRun.into(otherSeed).with("--seed", 2).run().succeeds();
        assertThat(Files.readAllBytes(otherSeed.resolve("model.safetensors")))
                .isNotEqualTo(Files.readAllBytes(output.resolve("model.safetensors")));
    }

    @Test
    void jsonIsAllThatProgramsGet() throws IOException {
        Path json = directory.resolve("json");
        CommandRun silent = SmallRun.into(json).and("--json").run().succeeds();
        assertThat(silent.errors()).isEmpty();
        assertThat(withoutTimesAndPlaces(JSON.readTree(silent.text()))).isEqualTo(result(output));
        SmallRun.into(json).and("--json").run().isRefused(FailureKind.OUTPUT_NOT_EMPTY, "json");
    }

    @Test
    void aGivenPolicySkipsTheSearch() throws IOException {
        Path given = directory.resolve("given");
        CommandRun run = SmallRun.into(given)
                .without("--sparsity")
                .with("--policy", output.resolve("policy.json"))
                .run()
                .succeeds();
        assertThat(run.errors()).noneMatch(line -> line.startsWith("Searching"));
        assertSameModel(given, output);
    }

    @Test
    void fewTokensAreWarnedOf() throws IOException {
        assertThat(run.errors()).noneMatch(line -> line.startsWith("Warning"));
        assertThat(result(output).get("warnings")).isEmpty();

        Path scarce = directory.resolve("scarce");
        CommandRun warned = SmallRun.into(scarce)
                .without("--sparsity")
                .with("--repair-windows", 31)
                .with("--policy", output.resolve("policy.json"))
                .run()
                .succeeds();
        String warning = "ridge learns from 992 different tokens at most, but the widest module has 512 features";
        assertThat(warned.errors())
                .anySatisfy(line ->
                        assertThat(line).startsWith("Warning: " + warning).endsWith("--repair-windows 32"));
        assertThat(result(scarce).get("warnings").get(0).textValue()).startsWith(warning);
        assertThat(record(scarce).resolve("run.log")).content().contains("Warning: " + warning);

        CommandRun careless = SmallRun.into(directory.resolve("careless"))
                .without("--sparsity")
                .with("--repair-windows", 1)
                .with("--calibrator", "none")
                .with("--policy", output.resolve("policy.json"))
                .run()
                .succeeds();
        assertThat(careless.errors()).noneMatch(line -> line.startsWith("Warning"));
    }

    @Test
    void aFinishedRunIsNotDoneAgain() throws IOException {
        Path copy = copyOfRun();
        // The number of threads does not change results, so it may be another.
        CommandRun resumed =
                SmallRun.into(copy).and("--resume", "--threads", "1").run().succeeds();
        assertThat(resumed.errors()).anySatisfy(line -> assertThat(line).contains("run is complete"));
        assertThat(resumed.errors()).noneMatch(line -> line.startsWith("Measuring"));
        assertThat(resumed.text()).contains("ppo + ridge");
        SmallRun.into(copy)
                .run()
                .isRefused(FailureKind.OUTPUT_NOT_EMPTY, copy.getFileName().toString());
    }

    @Test
    void anOtherRunIsNotResumed() throws IOException {
        Path copy = copyOfRun();
        SmallRun resumed = SmallRun.into(copy).and("--resume");
        resumed.with("--episodes", 15)
                .run()
                .isRefused(FailureKind.BAD_RECORD, "the setting --episodes (then 10, now 15)");
        resumed.and("--option", "agent.clip=0.1").run().isRefused(FailureKind.BAD_RECORD, "the setting --option (then");
        resumed.of(output).run().isRefused(FailureKind.BAD_RECORD, "the model's files");
        resumed.with("--calibration", DemoModel.directory().resolve("validation.txt"))
                .run()
                .isRefused(FailureKind.BAD_RECORD, "the file for: calibration");
        resumed.without("--sparsity")
                .with("--policy", output.resolve("policy.json"))
                .run()
                .isRefused(FailureKind.BAD_RECORD, "the file for: policy");
        Files.writeString(record(copy).resolve("manifest.json"), "{");
        resumed.run().isRefused(FailureKind.BAD_RECORD, "manifest.json", "damaged");
    }

    @Test
    void aCrashAfterTheOutputWasWrittenCostsTheMeasurementAlone() throws IOException {
        Path copy = copyOfRun();
        Files.delete(record(copy).resolve("result.json"));
        // The number of threads does not change results, so it may be another.
        CommandRun resumed =
                SmallRun.into(copy).and("--resume", "--threads", "1").run().succeeds();
        assertThat(resumed.errors()).noneMatch(line -> line.startsWith("Pruning and writing"));
        assertThat(result(copy)).isEqualTo(result(output));
    }

    @Test
    void aCrashBeforeTheOutputWasWrittenCostsNoSearch() throws IOException {
        Path copy = copyOfRun();
        delete(copy);
        Files.delete(record(copy).resolve("result.json"));
        Files.delete(record(copy).resolve("export.json"));
        Path killed = Files.createDirectory(directory.resolve("copy.partial-0123abcd"));
        Files.copy(record(copy).resolve("run.lock"), killed.resolve("process.lock"));
        Files.createDirectory(killed.resolve("contents"));
        Files.writeString(killed.resolve("contents/model.safetensors"), "half");
        Files.writeString(record(copy).resolve("policy.json.partial-0123abcd"), "half");
        // The number of threads does not change results, so it may be another.
        CommandRun resumed =
                SmallRun.into(copy).and("--resume", "--threads", "1").run().succeeds();
        assertThat(resumed.errors()).noneMatch(line -> line.startsWith("Searching"));
        assertSameModel(copy, output);
        assertThat(result(copy)).isEqualTo(result(output));
        assertThat(names(directory)).containsExactlyInAnyOrder("copy", "copy-run");
        assertThat(names(record(copy))).noneMatch(name -> name.contains(".partial-"));
    }

    @Test
    void aCrashInTheSearchCostsOneBatch() throws IOException {
        Path copy = copyOfRun();
        delete(copy);
        for (String later : List.of("result.json", "export.json", "search-result.json", "policy.json")) {
            Files.delete(record(copy).resolve(later));
        }
        Files.writeString(record(copy).resolve("trials.jsonl"), "{\"half a", StandardOpenOption.APPEND);
        // The number of threads does not change results, so it may be another.
        CommandRun resumed =
                SmallRun.into(copy).and("--resume", "--threads", "1").run().succeeds();
        assertThat(resumed.errors()).contains("Resuming after episode 10");
        assertSameModel(copy, output);
        assertThat(record(copy).resolve("trials.jsonl"))
                .hasSameTextualContentAs(record(output).resolve("trials.jsonl"));
    }

    @Test
    void someoneElsesOutputIsNotTakenForOurs() throws IOException {
        Path copy = copyOfRun();
        Files.delete(record(copy).resolve("result.json"));
        Files.writeString(copy.resolve("policy.json"), "{}");
        CommandRun resumed = SmallRun.into(copy).and("--resume").run();
        resumed.isRefused(FailureKind.OUTPUT_NOT_EMPTY, "copy");
        assertThat(copy.resolve("policy.json")).content().isEqualTo("{}");
    }

    @Test
    void aWarmStartTakesTheAgentOfAnEarlierSearch() throws IOException {
        Path warm = directory.resolve("warm");
        SmallRun.into(warm)
                .with("--warm-start", record(output))
                .with("--sparsity", "0.4")
                .run()
                .succeeds();
        assertThat(result(warm).get("targetSparsity").doubleValue()).isEqualTo(0.4);
        SmallRun.into(directory.resolve("other"))
                .with("--warm-start", record(output))
                .with("--agent", "random")
                .run()
                .isRefused(FailureKind.BAD_RECORD, "the state is of a 'ppo' agent, not of a 'random' one");
    }

    /** The shared run, as if it had been made here. */
    private Path copyOfRun() throws IOException {
        Path copy = directory.resolve("copy");
        copyDirectory(output, copy);
        copyDirectory(record(output), record(copy));
        return copy;
    }

    private static void copyDirectory(Path source, Path target) throws IOException {
        Files.createDirectory(target);
        for (String name : names(source)) {
            Files.copy(source.resolve(name), target.resolve(name));
        }
    }

    private static void delete(Path flat) throws IOException {
        for (String name : names(flat)) {
            Files.delete(flat.resolve(name));
        }
        Files.delete(flat);
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    private static Path record(Path output) {
        return output.resolveSibling(output.getFileName() + "-run");
    }

    private static void assertSameModel(Path one, Path other) {
        for (String name : List.of("model.safetensors", "policy.json", "config.json")) {
            assertThat(one.resolve(name)).hasSameBinaryContentAs(other.resolve(name));
        }
    }

    private static JsonNode result(Path output) throws IOException {
        return withoutTimesAndPlaces(
                JSON.readTree(record(output).resolve("result.json").toFile()));
    }

    private static JsonNode withoutTimesAndPlaces(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(TIMES_AND_PLACES);
        }
        node.forEach(PruneCommandIT::withoutTimesAndPlaces);
        return node;
    }
}
