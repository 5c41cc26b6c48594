package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a user does first, with the jar that users get. */
class LauncherIT {

    // SIGTERM, since SIGINT is ignored by processes that a script starts in the background.
    private static final int TERMINATED = 143;
    private static final List<String> SMALL = List.of(
            "--episodes",
            "400",
            "--option",
            "agent.batch=5",
            "--window",
            "32",
            "--calibration-windows",
            "4",
            "--repair-windows",
            "40",
            "--reward-windows",
            "2",
            "--evaluation-windows",
            "4",
            "--most-tasks",
            "2");

    @TempDir
    private Path directory;

    private record Outcome(int exitCode, String out, String err) {}

    private Process start(String... arguments) throws IOException {
        Path root = Path.of("").toAbsolutePath().resolveSibling("");
        List<String> command =
                new ArrayList<>(List.of(root.resolve("scripts/fastforward").toString()));
        command.addAll(Arrays.asList(arguments));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(directory.resolve("out").toFile())
                .redirectError(directory.resolve("err").toFile())
                .start();
    }

    private Outcome end(Process process) throws Exception {
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        return new Outcome(
                process.exitValue(),
                Files.readString(directory.resolve("out"), StandardCharsets.UTF_8),
                Files.readString(directory.resolve("err"), StandardCharsets.UTF_8));
    }

    private Outcome run(String... arguments) throws Exception {
        return end(start(arguments));
    }

    private String[] demo(String output, String... more) {
        List<String> arguments = new ArrayList<>(List.of("prune", "--demo", "--output", output));
        arguments.addAll(SMALL);
        arguments.addAll(Arrays.asList(more));
        return arguments.toArray(String[]::new);
    }

    private static List<String> partialsIn(Path where) throws IOException {
        try (var files = Files.walk(where)) {
            return files.map(Path::toString)
                    .filter(name -> name.contains(".partial-"))
                    .toList();
        }
    }

    @Test
    void listsThePluginsOfTheJar() throws Exception {
        Outcome outcome = run("plugins");
        assertThat(outcome.exitCode()).isZero();
        assertThat(outcome.out())
                .contains(
                        "wanda", "magnitude", "ppo", "random", "uniform", "ridge", "none", "cpu", "reference", "local")
                .doesNotContain("broken");
    }

    @Test
    void prunesTheDemoIntoAnOrdinaryCheckpointAndGoesOnAfterAnInterruption() throws Exception {
        Outcome whole = run(demo("whole"));
        assertThat(whole.exitCode()).as(whole.err()).isZero();
        assertThat(whole.out()).contains("uniform + ridge", "ppo + ridge", "Try next:");

        Process process = start(demo("halted"));
        Path trials = directory.resolve("halted/pruned-run/trials.jsonl");
        for (int i = 0; i < 600 && process.isAlive() && !(Files.exists(trials) && Files.size(trials) > 0); i++) {
            Thread.sleep(100);
        }
        new ProcessBuilder("kill", "-TERM", String.valueOf(process.pid()))
                .start()
                .waitFor();
        Outcome interrupted = end(process);
        assertThat(interrupted.exitCode()).as(interrupted.err()).isEqualTo(TERMINATED);
        assertThat(interrupted.err()).contains("--resume");
        assertThat(partialsIn(directory.resolve("halted"))).isEmpty();

        Outcome resumed = run(demo("halted", "--resume"));
        assertThat(resumed.exitCode()).as(resumed.err()).isZero();
        for (String file : List.of("policy.json", "model.safetensors", "config.json")) {
            assertThat(directory.resolve("halted/pruned").resolve(file))
                    .hasSameBinaryContentAs(directory.resolve("whole/pruned").resolve(file));
        }

        Outcome inspected = run("inspect", "whole/pruned");
        assertThat(inspected.exitCode()).isZero();
        assertThat(inspected.out()).contains("30.0", "/512");
        Outcome again = run(
                "prune",
                "whole/pruned",
                "--calibration",
                "whole/calibration.txt",
                "--output",
                "again",
                "--sparsity",
                "0.2",
                "--agent",
                "uniform",
                "--window",
                "32",
                "--calibration-windows",
                "4",
                "--repair-windows",
                "40",
                "--reward-windows",
                "2",
                "--evaluation-windows",
                "4");
        assertThat(again.exitCode()).as(again.err()).isZero();
        Outcome evaluated = run(
                "evaluate", "again", "--text", "whole/validation.txt", "--window", "32", "--windows", "4", "--json");
        assertThat(evaluated.exitCode()).as(evaluated.err()).isZero();
        assertThat(evaluated.out()).startsWith("{").contains("\"tokensPerSecond\"");
    }

    @Test
    void saysInOneLineWhatIsWrong() throws Exception {
        Outcome missing = run("inspect", "nowhere");
        assertThat(missing.exitCode()).isEqualTo(FailureKind.NOT_FOUND.exitCode());
        assertThat(missing.err().lines().filter(line -> line.startsWith("fastforward:")))
                .hasSize(1);
        assertThat(missing.err()).doesNotContain("\tat ");

        Outcome unreachable = run(demo("none", "--sparsity", "0.95"));
        assertThat(unreachable.exitCode()).isEqualTo(FailureKind.UNREACHABLE_SPARSITY.exitCode());
        Outcome unknown = run(demo("none", "--criterion", "entropy"));
        assertThat(unknown.exitCode()).isEqualTo(FailureKind.PLUGIN.exitCode());
        assertThat(unknown.err()).contains("wanda", "magnitude");
        assertThat(partialsIn(directory)).isEmpty();
        assertThat(directory.resolve("none/pruned")).doesNotExist();
    }
}
