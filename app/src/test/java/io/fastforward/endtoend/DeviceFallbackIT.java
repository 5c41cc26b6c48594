package io.fastforward.endtoend;

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
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A GPU that fails in the middle of a run: what it finished is kept, and the next device does the rest. */
class DeviceFallbackIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int EPISODES = 20;

    /** Batches of texts that are evaluated before the GPU fails: some of those of the search. */
    private static final int EVALUATIONS = 12;

    private static final String LOST = "the card fell off the bus; restart the machine";
    private static final String FULL = "no room for 192 x 512 numbers on a GPU that fails";

    /** Of figures in single precision to those in double precision. */
    private static final double TOLERANCE = 1e-3;

    @TempDir
    private static Path shared;

    private static Path undisturbed;
    private static Path lost;

    @TempDir
    private Path directory;

    @BeforeAll
    static void runWithoutFailure() throws IOException {
        lost = FailingGpu.lost(LOST).withTwin().after(EVALUATIONS, shared.resolve("lost"));
        undisturbed = shared.resolve("out");
        Launcher.in(shared)
                .run(prune(undisturbed, lost, "--device", FailingGpu.TWIN))
                .succeeds();
    }

    @Test
    void theNextDeviceGoesOnToTheSameResult() throws IOException {
        Path output = directory.resolve("out");
        Launcher.Finished run = Launcher.in(directory).run(prune(output, lost)).succeeds();
        assertThat(run.errors())
                .filteredOn(line -> line.contains(LOST))
                .singleElement()
                .asString()
                .startsWith("The GPU failed: ")
                .contains("'" + FailingGpu.TWIN + "' goes on");
        assertThat(finishedBefore(run)).isBetween(1, EPISODES - 1);
        for (String name : List.of("model.safetensors", "policy.json", "config.json")) {
            assertThat(output.resolve(name)).hasSameBinaryContentAs(undisturbed.resolve(name));
        }
        assertThat(directory.resolve("out-run/trials.jsonl"))
                .hasSameTextualContentAs(shared.resolve("out-run/trials.jsonl"));
        assertDevices("plain Java", List.of(FailingGpu.NAME));
        assertThat(names(directory)).containsExactlyInAnyOrder("out", "out-run");
        assertThat(names(directory.resolve("out-run"))).noneMatch(name -> name.contains(".partial-"));
    }

    @Test
    void aGpuWithoutRoomGivesWayToTheCpu() throws IOException {
        Path plugins = FailingGpu.full(FULL).after(EVALUATIONS, directory.resolve("plugins"));
        Path output = directory.resolve("out");
        Launcher.Finished run =
                Launcher.in(directory).run(prune(output, plugins)).succeeds();
        assertThat(run.errors())
                .filteredOn(line -> line.contains(FULL))
                .singleElement()
                .asString()
                .startsWith("The GPU failed: ")
                .contains("'cpu' goes on");
        assertGoneOn(output, finishedBefore(run));
        assertDevices("OpenBLAS", List.of(FailingGpu.NAME));
        assertThat(directory.resolve("out-run/run.log")).content().containsSubsequence("Failed: " + FULL, "Resuming");
    }

    @Test
    void aGpuThatWasAskedForFailsAndTheCpuResumes() throws IOException {
        Path output = directory.resolve("out");
        Launcher.in(directory).run(prune(output, lost, "--device", "gpu")).isRefused(FailureKind.DEVICE, LOST);
        assertThat(names(directory)).containsExactly("out-run");
        assertThat(names(directory.resolve("out-run"))).noneMatch(name -> name.contains(".partial-"));
        List<String> finished = Files.readAllLines(directory.resolve("out-run/trials.jsonl"));
        Launcher.Finished resumed = Launcher.in(directory)
                .run(prune(output, lost, "--device", "cpu", "--resume"))
                .succeeds();
        assertThat(finishedBefore(resumed)).isEqualTo(finished.size());
        assertGoneOn(output, finished.size());
        assertDevices("OpenBLAS", List.of(FailingGpu.NAME));
    }

    @Test
    void aGpuThatFinishedNothingIsNotNamed() throws IOException {
        Path plugins = FailingGpu.lost(LOST).atOnce(directory.resolve("plugins"));
        Path output = directory.resolve("out");
        Launcher.Finished run =
                Launcher.in(directory).run(prune(output, plugins)).succeeds();
        assertThat(run.errors()).filteredOn(line -> line.contains(LOST)).hasSize(1);
        assertDevices("OpenBLAS", List.of());
        Launcher.in(directory)
                .run(prune(directory.resolve("other"), plugins, "--run-dir=" + output + "-run", "--json"))
                .isRefused(FailureKind.OUTPUT_NOT_EMPTY, "holds an earlier run");
    }

    @Test
    void anEvaluationStartsAnewOnTheCpu() throws IOException {
        Path plugins = FailingGpu.lost(LOST).after(1, directory.resolve("plugins"));
        Launcher.Finished cpu =
                Launcher.in(directory).run(evaluate(plugins, "--device", "cpu")).succeeds();
        Launcher.Finished run = Launcher.in(directory).run(evaluate(plugins)).succeeds();
        assertThat(run.errors()).filteredOn(line -> line.contains(LOST)).hasSize(1);
        assertThat(run.output())
                .startsWith(cpu.output().getFirst())
                .last()
                .asString()
                .contains("OpenBLAS");
        Launcher.in(directory).run(evaluate(plugins, "--device", "gpu")).isRefused(FailureKind.DEVICE, LOST);
    }

    /** The trials that the GPU finished are still there, the rest comes after them, and the figures are those of a CPU. */
    private void assertGoneOn(Path output, int finished) throws IOException {
        assertThat(finished).isBetween(1, EPISODES - 1);
        Path record = directory.resolve("out-run");
        List<String> trials = Files.readAllLines(record.resolve("trials.jsonl"));
        assertThat(trials.subList(0, finished))
                .isEqualTo(Files.readAllLines(shared.resolve("out-run/trials.jsonl"))
                        .subList(0, finished));
        assertThat(trials.stream().filter(line -> line.contains("\"EPISODE\""))).hasSize(EPISODES);
        for (int i = 0; i < trials.size(); i++) {
            assertThat(JSON.readTree(trials.get(i)).get("trial").intValue()).isEqualTo(i);
        }
        assertThat(output.resolve("policy.json")).hasSameBinaryContentAs(record.resolve("policy.json"));
        double expected = densePerplexity(shared.resolve("out-run"));
        assertThat(densePerplexity(record)).isEqualTo(expected, within(TOLERANCE * expected));
    }

    /** The manifest names the device that finished the run, and those before. */
    private void assertDevices(String finished, List<String> earlier) throws IOException {
        JsonNode manifest =
                JSON.readTree(directory.resolve("out-run/manifest.json").toFile());
        assertThat(manifest.get("device").textValue()).startsWith(finished);
        assertThat(manifest.get("earlierDevices")).map(JsonNode::textValue).isEqualTo(earlier);
    }

    private static double densePerplexity(Path record) throws IOException {
        return JSON.readTree(record.resolve("result.json").toFile())
                .at("/variants/0/perplexity/perplexity")
                .doubleValue();
    }

    /** Episodes of which the device that went on had a record. */
    private static int finishedBefore(Launcher.Finished run) {
        String prefix = "Resuming after episode ";
        return run.errors().stream()
                .filter(line -> line.startsWith(prefix))
                .mapToInt(line -> Integer.parseInt(line.substring(prefix.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError("nothing was resumed: " + run.errors()));
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    private static String[] evaluate(Path plugins, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "evaluate",
                DemoModel.directory().toString(),
                "--text",
                DemoModel.directory().resolve("validation.txt").toString(),
                "--text-unit=line",
                "--window=32",
                "--windows=1",
                "--repeat=3",
                "--plugins=" + plugins));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** Few tokens: computing without native code is slow. */
    private static String[] prune(Path output, Path plugins, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "prune",
                DemoModel.directory().toString(),
                "--calibration=" + DemoModel.directory().resolve("calibration.txt"),
                "--output=" + output,
                "--plugins=" + plugins,
                "--sparsity=0.3",
                "--text-unit=line",
                "--window=32",
                "--scoring-windows=1",
                "--calibrator=none",
                "--reward-windows=1",
                "--finalists=2",
                "--finalist-windows=1",
                "--evaluation-windows=1",
                "--agent=ppo",
                "--episodes=" + EPISODES,
                "--option=agent.batch=5"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }
}
