package io.fastforward.executor.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A search on a real cluster has the results of one in a single process, whatever becomes of workers and executors. */
class SparkClusterIT {

    private static final Path ROOT = Path.of("..", "..").toAbsolutePath().normalize();
    private static final Path HOME = Path.of("target", "spark").toAbsolutePath();
    private static final Path DEMO = ROOT.resolve("app/src/main/resources/demo");
    private static final int BATCH = 5;
    private static final long TIMEOUT_SECONDS = 240;

    @TempDir
    private static Path directory;

    @BeforeAll
    static void runInOneProcess() throws Exception {
        assertThat(prune("local", List.of()).finish()).isZero();
    }

    @Test
    void findsTheSameThoughAnExecutorAndAWorkerAreKilled() throws Exception {
        Path plugins = Files.createDirectory(directory.resolve("plugins"));
        Files.copy(Path.of("target", "fastforward-executor-spark.jar"), plugins.resolve("spark.jar"));
        try (SparkCluster cluster = SparkCluster.start(HOME, directory, 2)) {
            Running search = prune(
                    "spark",
                    List.of(
                            "--plugins=" + plugins,
                            "--executor=spark",
                            "--option=executor.master=" + cluster.master(),
                            "--option=executor.home=" + HOME,
                            "--option=executor.cores=1",
                            "--option=executor.executors=2",
                            "--option=executor.heap=512m"));
            search.awaitTrials(2 * BATCH);
            cluster.executor(1).destroyForcibly();
            search.awaitTrials(4 * BATCH);
            cluster.worker(2).destroyForcibly();
            assertThat(search.finish()).as(search.errors()).isZero();
            assertThat(search.errors()).contains("Warning: Spark lost executor ");
        }
        for (String name : List.of("model.safetensors", "policy.json")) {
            assertThat(directory.resolve("spark").resolve(name))
                    .hasSameBinaryContentAs(directory.resolve("local").resolve(name));
        }
        assertThat(trials("spark")).isEqualTo(trials("local"));
    }

    /** The trials but for their costs: what candidates share depends on which ones are evaluated together. */
    private static List<String> trials(String output) throws IOException {
        try (Stream<String> lines = Files.lines(directory.resolve(output + "-run/trials.jsonl"))) {
            return lines.map(line -> line.replaceFirst(",\"cost\":[^,}]*", "")).toList();
        }
    }

    private static Running prune(String output, List<String> more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ROOT.resolve("scripts/fastforward").toString(),
                "prune",
                DEMO.toString(),
                "--output=" + output,
                "--sparsity=0.3",
                "--calibration=" + DEMO.resolve("calibration.txt"),
                "--text-unit=line",
                "--window=64",
                "--scoring-windows=4",
                "--repair-windows=16",
                "--reward-windows=2",
                "--evaluation-windows=2",
                "--agent=ppo",
                "--episodes=60",
                "--option=agent.batch=" + BATCH,
                "--device=cpu",
                "--threads=1",
                "--seed=7"));
        command.addAll(more);
        Path errors = directory.resolve(output + ".errors");
        var builder = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectOutput(directory.resolve(output + ".output").toFile())
                .redirectError(errors.toFile());
        builder.environment().putAll(SparkCluster.environment(HOME));
        return new Running(builder.start(), errors, directory.resolve(output + "-run/trials.jsonl"));
    }

    /** A run that has begun. */
    private record Running(Process process, Path errorFile, Path trials) {

        void awaitTrials(int count) throws IOException, InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
            while (!Files.exists(trials) || Files.readAllLines(trials).size() < count) {
                assertThat(process.isAlive()).as(errors()).isTrue();
                assertThat(System.nanoTime()).as(errors()).isLessThan(deadline);
                Thread.sleep(10);
            }
        }

        int finish() throws InterruptedException, IOException {
            if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("the run did not end in time: " + errors());
            }
            return process.exitValue();
        }

        String errors() throws IOException {
            return Files.readString(errorFile);
        }
    }
}
