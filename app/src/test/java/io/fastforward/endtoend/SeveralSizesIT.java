package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several sizes in a process that is told to end, and go on in another. */
class SeveralSizesIT {

    @TempDir
    private Path directory;

    @Test
    void whatAnInterruptedCommandFinishedIsNotDoneAgain() throws Exception {
        Path output = directory.resolve("out");
        String[] command = sizes(output);
        Launcher.Finished interrupted = Launcher.in(directory)
                .start(command)
                .awaitWhileRunning(() -> Files.exists(output.resolve("0.3-run/nested-order.json")))
                .send(EndSignal.sent().name())
                .await();
        assertThat(interrupted.exitCode()).isEqualTo(EndSignal.sent().exitCode());
        assertThat(interrupted.errors())
                .anySatisfy(line -> assertThat(line)
                        .contains("interrupted", "what was finished is in '" + output + "'", "--resume"));
        Launcher.in(directory).run(command).isRefused(FailureKind.OUTPUT_NOT_EMPTY, "--resume");

        Launcher.Finished resumed =
                Launcher.in(directory).run(sizes(output, "--resume")).succeeds();
        assertThat(resumed.errors())
                .filteredOn(line -> line.contains("is complete"))
                .hasSizeBetween(1, 2);
        assertThat(resumed.errors()).noneMatch(line -> line.startsWith("Scoring units"));
        assertThat(resumed.text()).contains("0.2 ", "0.3 ", "0.4 ", "0.5 ");

        Path alone = directory.resolve("alone");
        Launcher.in(directory).run(SmallPrune.into(alone)).succeeds();
        for (String name : new String[] {"policy.json", "model.safetensors"}) {
            assertThat(output.resolve("0.3").resolve(name)).hasSameBinaryContentAs(alone.resolve(name));
        }
    }

    private static String[] sizes(Path output, String... more) {
        String[] command = SmallPrune.into(output, more);
        command[List.of(command).indexOf("--sparsity") + 1] =
                "0.2,0.3,0.4,0.5"; // so many that some are left when the signal comes
        return command;
    }
}
