package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.RandomLlama;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Candidates that are evaluated in other processes have the results that they have in this one, whatever becomes of those. */
class ProcessExecutorIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long END_SECONDS = 30;

    @TempDir
    private static Path shared;

    private static Path local;

    @TempDir
    private Path directory;

    @BeforeAll
    static void runInOneProcess() {
        local = shared.resolve("out");
        Launcher.in(shared).run(SmallPrune.into(local)).succeeds();
    }

    private String[] run(String... options) {
        List<String> more = new ArrayList<>(List.of("--executor", "process"));
        more.addAll(List.of(options));
        return SmallPrune.into(directory.resolve("out"), more.toArray(String[]::new));
    }

    @Test
    void twoWorkersFindTheSame() throws Exception {
        Launcher.Finished finished = Launcher.in(directory)
                .run(run("--option=executor.workers=2", "--option=executor.workload=" + directory.resolve("workload")))
                .succeeds();
        assertThat(finished.errors()).noneMatch(line -> line.startsWith("Warning: worker"));
        assertSameResults();
        canBeEvaluatedByHand(directory.resolve("workload"));
    }

    private void canBeEvaluatedByHand(Path workload) throws IOException {
        JsonNode trial = trials(directory.resolve("out-run")).stream()
                .filter(one -> one.get("windows").intValue() == 2) // the first two: all that the episodes have
                .findFirst()
                .orElseThrow();
        Path batches = directory.resolve("batches");
        Files.writeString(
                batches, "{\"windows\":[0,1],\"candidates\":[{\"retained\":" + trial.get("retained") + "}]}\n");
        Launcher.Finished evaluated = worker(batches, "--workload=" + workload).succeeds();
        JsonNode losses = JSON.readTree(evaluated.text()).at("/results/0/losses");
        assertThat(losses).hasSize(2);
        assertThat((losses.get(0).doubleValue() + losses.get(1).doubleValue()) / 2)
                .isEqualTo(trial.get("loss").doubleValue());

        Path other = new RandomLlama().write(directory.resolve("other"));
        worker(batches, "--workload=" + workload, "--model=" + other)
                .isRefused(FailureKind.BAD_RECORD, "is not the one that is pruned: config.json differs");
        Files.writeString(
                batches, "{\"windows\":[100],\"candidates\":[{\"retained\":" + trial.get("retained") + "}]}\n");
        worker(batches, "--workload=" + workload).isRefused(FailureKind.BAD_RECORD, "a batch asks for window 100 of 8");
        Files.writeString(batches, "");
        worker(batches, "--workload=-").isRefused(FailureKind.USAGE, "the standard input is empty");
        worker(batches, "--workload=" + batches).isRefused(FailureKind.BAD_RECORD, "is not a workload");
    }

    private Launcher.Finished worker(Path batches, String... options) {
        String command = Launcher.script() + " worker --device=cpu " + String.join(" ", options) + " <" + batches;
        return Launcher.in(directory)
                .startProgram(List.of("bash", "-c", command))
                .await();
    }

    @Test
    void aKilledWorkerIsReplaced() throws Exception {
        Launcher.Started searching = Launcher.in(directory).start(run("--option=executor.workers=2"));
        Path trials = directory.resolve("out-run/trials.jsonl");
        for (int batches = 2; batches <= 4; batches += 2) {
            int done = batches * SmallPrune.BATCH;
            searching.awaitWhileRunning(() -> SmallPrune.lineCount(trials) >= done);
            workers(searching).getFirst().destroyForcibly();
        }
        Launcher.Finished finished = searching.await().succeeds();
        assertThat(finished.errors())
                .filteredOn(line -> line.startsWith("Warning: worker"))
                .isNotEmpty()
                .allMatch(line -> line.matches(
                        "Warning: worker [12] ended with exit code 137.*; what it was doing is" + " done again"));
        assertSameResults();
    }

    /** A debugger's port is for one process: a second one that wants it ends at once. */
    @Test
    void optionsForThisProcessAreNotForWorkers() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        List<String> command = new ArrayList<>(List.of(
                "env",
                "JAVA_TOOL_OPTIONS=-agentlib:jdwp=transport=dt_socket,server=y,suspend=n,address=127.0.0.1:" + port,
                Launcher.script().toString()));
        command.addAll(List.of(run()));
        Launcher.Finished finished =
                Launcher.in(directory).startProgram(command).await().succeeds();
        assertThat(finished.errors()).noneMatch(line -> line.startsWith("Warning: worker"));
        assertSameResults();
    }

    @Test
    void workersEndWithTheSearch() throws Exception {
        Launcher.Started searching = Launcher.in(directory).start(run("--option=executor.workers=2"));
        Path trials = directory.resolve("out-run/trials.jsonl");
        searching.awaitWhileRunning(() -> SmallPrune.lineCount(trials) > 0);
        List<ProcessHandle> workers = workers(searching);
        assertThat(workers).hasSize(2);
        searching.kill().await();
        for (ProcessHandle worker : workers) {
            worker.onExit().get(END_SECONDS, TimeUnit.SECONDS);
        }
    }

    @Test
    void commandsStartWorkers() throws Exception {
        Path launchers = directory.resolve("launchers");
        Files.writeString(launchers, Launcher.script() + "\nenv " + Launcher.script() + "\n");
        Launcher.in(directory)
                .run(run("--option=executor.launchers=" + launchers))
                .succeeds();
        assertSameResults();
    }

    @Test
    void whatStartsNoWorkerIsTold() throws Exception {
        Path launchers = Files.writeString(directory.resolve("launchers"), "sh -c 'echo lost >&2; exit 3' #\n");
        Launcher.Finished refused = Launcher.in(directory).run(run("--option=executor.launchers=" + launchers));
        refused.isRefused(FailureKind.PLUGIN, "candidates were lost 3 times: worker 1", "ended with exit code 3: lost");
    }

    private static List<ProcessHandle> workers(Launcher.Started searching) {
        return searching
                .process()
                .descendants()
                .filter(process -> process.info().commandLine().orElse("").contains("FastForward worker"))
                .toList();
    }

    private void assertSameResults() throws IOException {
        for (String name : List.of("model.safetensors", "policy.json", "config.json")) {
            assertThat(directory.resolve("out").resolve(name)).hasSameBinaryContentAs(local.resolve(name));
        }
        assertThat(trials(directory.resolve("out-run"))).isEqualTo(trials(shared.resolve("out-run")));
    }

    /** The trials but for their costs: what candidates share depends on which ones are evaluated together. */
    private static List<JsonNode> trials(Path record) throws IOException {
        List<JsonNode> trials = new ArrayList<>();
        for (String line : Files.readAllLines(record.resolve("trials.jsonl"))) {
            trials.add(((ObjectNode) JSON.readTree(line)).without("cost"));
        }
        return trials;
    }
}
