package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that are stopped go on with the same result, and leave nothing half-written. */
class InterruptionIT {

    private static final int KILLED = 137;

    private static final Pattern END = Pattern.compile("\"end\" : ([0-9]+)");

    @TempDir
    private static Path shared;

    private static Path uninterrupted;

    @TempDir
    private Path directory;

    @BeforeAll
    static void runWithoutInterruption() {
        uninterrupted = shared.resolve("out");
        Launcher.in(shared).run(SmallPrune.into(uninterrupted)).succeeds();
    }

    @Test
    void anInterruptedSearchGoesOnToTheSameResult() throws Exception {
        Path output = directory.resolve("out");
        Launcher.Finished interrupted =
                searching(output).send(EndSignal.sent().name()).await();
        assertThat(interrupted.exitCode()).isEqualTo(EndSignal.sent().exitCode());
        assertThat(interrupted.output()).isEmpty();
        assertThat(interrupted.message()).contains("interrupted", "'" + output + "-run'", "--resume");
        assertThat(names(directory)).containsExactly("out-run");
        assertNoPartials();
        resumeAndCompare(output);
    }

    @Test
    void aKilledSearchGoesOnToTheSameResult() throws Exception {
        Path output = directory.resolve("out");
        assertThat(searching(output).kill().await().exitCode()).isEqualTo(KILLED);
        resumeAndCompare(output);
    }

    /** Behind some of its layers; from there it goes on, and the output is that of a run that was never stopped. */
    @Test
    void aKilledRepairGoesOnBehindItsFinishedLayers() throws Exception {
        Path expected = directory.resolve("expected");
        Launcher.in(directory).run(repair(expected)).succeeds();
        Path output = directory.resolve("out");
        Path state = directory.resolve("out-run/pass.json");
        Launcher.Started repairing =
                savingEveryLayer(repair(output)).awaitWhileRunning(() -> repairHasFinished(2, state));
        assertThat(repairing.kill().await().exitCode()).isEqualTo(KILLED);
        assertThat(output).doesNotExist();
        assertThat(state).exists();
        Launcher.Finished resumed =
                savingEveryLayer(repair(output, "--resume")).await().succeeds();
        assertThat(resumed.errors()).anyMatch(line -> line.matches("Resuming after layer [2-7] of 8"));
        for (String name : List.of("model.safetensors", "policy.json", "config.json")) {
            assertThat(output.resolve(name)).hasSameBinaryContentAs(expected.resolve(name));
        }
        assertThat(state).doesNotExist();
        assertThat(directory.resolve("out-run/pass")).doesNotExist();
        assertThat(names(directory)).containsExactlyInAnyOrder("expected", "expected-run", "out", "out-run");
        assertNoPartials();
    }

    /** Without a search, and with a repair that takes its time. */
    private static String[] repair(Path output, String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "prune",
                DemoModel.directory().toString(),
                "--output=" + output,
                "--sparsity=0.3",
                "--calibration=" + DemoModel.directory().resolve("calibration.txt"),
                "--text-unit=line",
                "--window=64",
                "--scoring-windows=4",
                "--repair-windows=400",
                "--evaluation-windows=2",
                "--agent=uniform",
                "--repair-target=residual"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    /** Not only once a minute. */
    private Launcher.Started savingEveryLayer(String... arguments) {
        List<String> command = new ArrayList<>(List.of(
                "env",
                "JDK_JAVA_OPTIONS=-Dfastforward.save.seconds=0",
                Launcher.script().toString()));
        command.addAll(List.of(arguments));
        return Launcher.in(directory).startProgram(command);
    }

    private static boolean repairHasFinished(int layers, Path state) {
        try {
            String text = Files.readString(state);
            Matcher end = END.matcher(text);
            return text.contains("\"repair\"") && end.find() && Integer.parseInt(end.group(1)) >= layers;
        } catch (NoSuchFileException e) {
            return false;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anInterruptedTextEndsWithTheSameExitCode() throws Exception {
        Launcher.Started generating = Launcher.in(directory)
                .start(
                        "generate",
                        DemoModel.directory().toString(),
                        "--prompt=Once upon a time",
                        "--temperature=5", // far from what ends a text
                        "--max-tokens=1000",
                        "--threads=1");
        Launcher.Finished interrupted = generating
                .awaitWhileRunning(() -> SmallPrune.lineCount(generating.output()) > 0)
                .send(EndSignal.sent().name())
                .await();
        assertThat(interrupted.exitCode()).isEqualTo(EndSignal.sent().exitCode());
        assertThat(interrupted.text()).startsWith("Once upon a time").doesNotContain("tokens/s");
        assertThat(interrupted.message()).contains("interrupted", "not complete");
    }

    @Test
    void anInterruptedSparsifierLeavesNothingInTheWay() throws Exception {
        Launcher.Finished interrupted = Launcher.in(directory)
                .start(sparsify("--option=sparsifier.rounds=1000")) // far more than it gets to
                .awaitWhileRunning(() -> Files.exists(directory.resolve("out-run/manifest.json")) && hasPartials())
                .send(EndSignal.sent().name())
                .await();
        assertThat(interrupted.exitCode()).isEqualTo(EndSignal.sent().exitCode());
        assertThat(interrupted.output()).isEmpty();
        assertThat(interrupted.message()).contains("interrupted", "nothing was finished");
        assertThat(names(directory)).containsExactly("out-run");
        Launcher.in(directory).run(sparsify("--method=magnitude")).succeeds();
        assertThat(names(directory)).containsExactlyInAnyOrder("out", "out-run");
    }

    private String[] sparsify(String option) {
        return new String[] {
            "sparsify",
            DemoModel.directory().toString(),
            "--output=" + directory.resolve("out"),
            "--pattern=2:4",
            option,
            "--calibration=" + DemoModel.directory().resolve("calibration.txt"),
            "--text-unit=line",
            "--window=64",
            "--calibration-windows=8",
            "--evaluation-windows=2"
        };
    }

    private boolean hasPartials() {
        try {
            return names(directory).stream().anyMatch(name -> name.contains(".partial-"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private Launcher.Started searching(Path output) throws InterruptedException {
        Path trials = directory.resolve("out-run/trials.jsonl");
        return Launcher.in(directory)
                .start(SmallPrune.into(output))
                .awaitWhileRunning(() -> SmallPrune.lineCount(trials) >= 2 * SmallPrune.BATCH);
    }

    private void resumeAndCompare(Path output) throws IOException {
        Launcher.Finished resumed =
                Launcher.in(directory).run(SmallPrune.into(output, "--resume")).succeeds();
        assertThat(resumed.errors()).anyMatch(line -> line.matches("Resuming after episode [1-6]?[05]"));
        for (String name : List.of("model.safetensors", "policy.json", "config.json")) {
            assertThat(output.resolve(name)).hasSameBinaryContentAs(uninterrupted.resolve(name));
        }
        assertThat(directory.resolve("out-run/trials.jsonl"))
                .hasSameTextualContentAs(shared.resolve("out-run/trials.jsonl"));
        assertThat(names(directory)).containsExactlyInAnyOrder("out", "out-run");
        assertNoPartials();
    }

    private void assertNoPartials() throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files.map(Path::toString)).noneMatch(name -> name.contains(".partial-"));
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }
}
