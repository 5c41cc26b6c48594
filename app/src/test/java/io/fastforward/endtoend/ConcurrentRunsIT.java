package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes do not work on one record or one output; the locks of those that were killed are none. */
class ConcurrentRunsIT {

    @TempDir
    private Path directory;

    @Test
    void oneRecordIsWorkedOnByOneProcess() throws Exception {
        Path output = directory.resolve("out");
        Path record = directory.resolve("out-run");
        Launcher.Started first = Launcher.in(directory)
                .start(SmallPrune.into(output))
                .awaitWhileRunning(() -> Files.exists(record.resolve("nested-order.json")))
                .send("STOP"); // or it might be writing its output by the time that the others look
        for (String[] command : List.of(SmallPrune.into(output, "--resume"), SmallPrune.into(output))) {
            Launcher.in(directory)
                    .run(command)
                    .isRefused(
                            FailureKind.OUTPUT_NOT_EMPTY,
                            "another process works on the run in '" + record + "'",
                            "--run-dir");
        }
        assertThat(first.process().isAlive()).isTrue();
        first.kill().await();
        Launcher.in(directory).run(SmallPrune.into(output, "--resume")).succeeds();
        assertThat(names()).containsExactlyInAnyOrder("out", "out-run");
    }

    @Test
    void oneOutputIsWrittenByOneProcess() throws Exception {
        Path output = directory.resolve("out");
        Path theirs = Files.createDirectory(directory.resolve("out.partial-00000000"));
        Files.writeString(theirs.resolve("process.lock"), "of another program");
        String[] export = {"export", DemoModel.directory().toString(), "--output", output.toString()};
        Process writer = UnfinishedOutputIT.startWriter(output);
        try {
            Launcher.in(directory)
                    .run(export)
                    .isRefused(FailureKind.OUTPUT_NOT_EMPTY, "another process is writing to '" + output + "'");
            assertThat(names()).hasSize(2).contains("out.partial-00000000");
        } finally {
            writer.destroyForcibly();
            assertThat(writer.waitFor(60, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(names()).hasSize(2).contains("out.partial-00000000");
        Launcher.in(directory).run(export).succeeds();
        assertThat(names()).containsExactlyInAnyOrder("out", "out.partial-00000000");
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }
}
