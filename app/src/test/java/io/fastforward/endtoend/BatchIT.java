package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs of a file, two at a time, through the packaged program, in a process that is killed and goes on in another. */
class BatchIT {

    @TempDir
    private Path directory;

    @Test
    void aBatchGoesOnAfterItsProcessWasKilled() throws Exception {
        Path demo = DemoModel.directory().toAbsolutePath();
        Files.writeString(directory.resolve("file.yaml"), """
                models: { demo: %1$s }
                calibration: %1$s/calibration.txt
                base:
                  text: { unit: LINE }
                  windows: { length: 64, scoring: 4, repair: 16, reward: 2, evaluation: 2 }
                  plugins: { agent: ppo, options: { agent.batch: 5 } }
                  budget: { sparsity: 0.3 }
                  search: { episodes: 30 }
                runs:
                  - name: wanda
                  - name: magnitude
                    settings: { plugins: { criterion: magnitude } }
                  - name: impossible
                    settings: { budget: { sparsity: 0.999 } }
                """.formatted(demo));
        Path output = directory.resolve("out");
        String[] command = {"batch", "file.yaml", "--output", "out", "--jobs", "2"};
        Launcher.in(directory)
                .start(command)
                .awaitWhileRunning(() -> Files.exists(output.resolve("demo/magnitude/pruned-run/search-state.json")))
                .kill()
                .await();
        Launcher.in(directory).run(command).isRefused(FailureKind.OUTPUT_NOT_EMPTY, "--resume");

        Launcher.Finished resumed =
                Launcher.in(directory).run("batch", "file.yaml", "--output", "out", "--jobs", "2", "--resume");
        assertThat(resumed.exitCode()).isEqualTo(FailureKind.RUNS.exitCode());
        assertThat(resumed.message()).contains("1 of 3 runs failed");
        assertThat(resumed.text())
                .contains("wanda", "magnitude", "impossible", "no policy reaches a sparsity of 0.999");
        assertThat(Files.readString(output.resolve("table.csv")).lines()).hasSize(4);
        assertThat(output.resolve("demo/wanda/pruned-run/result.json")).exists();
        assertThat(output.resolve("demo/wanda/pruned")).doesNotExist();
    }
}
