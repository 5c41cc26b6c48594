package io.fastforward.worker;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LaunchCommandTest {

    private static final long GIB = 1L << 30;

    @TempDir
    private Path directory;

    @Test
    void workersHereShareThreadsAndMemory() {
        List<LaunchCommand> commands = LaunchCommand.here(3, 8, 6 * GIB);
        assertThat(commands).extracting(LaunchCommand::name).containsExactly("worker 1", "worker 2", "worker 3");
        assertThat(commands)
                .allSatisfy(command -> assertThat(command.words())
                        .contains("worker", "--workload=-", "--threads=2", "--memory=2.0")
                        .contains("--parent=" + ProcessHandle.current().pid()));
        assertThat(LaunchCommand.here(3, 1, GIB).getLast().words()).contains("--threads=1");
        assertThat(LaunchCommand.here(0, 1, GIB)).isNotEmpty();
    }

    @Test
    void everyLineOfAFileStartsOne() throws IOException {
        Path file = Files.writeString(directory.resolve("launchers"), """
                # two of them
                ssh "node 1" fastforward

                  srun fastforward
                """);
        List<LaunchCommand> commands = LaunchCommand.from(file);
        assertThat(commands)
                .extracting(LaunchCommand::name)
                .containsExactly("worker 1 (ssh \"node 1\" fastforward)", "worker 2 (srun fastforward)");
        assertThat(commands.getFirst().words())
                .containsExactly(
                        "/bin/sh", "-c", "exec ssh \"node 1\" fastforward \"$@\"", "sh", "worker", "--workload=-");
    }

    @Test
    void aFileWithoutCommandsIsRefused() throws IOException {
        Path empty = Files.writeString(directory.resolve("empty"), "# nothing\n");
        Path binary = Files.write(directory.resolve("binary"), new byte[] {(byte) 0xff});
        Failures.expect(FailureKind.USAGE, () -> LaunchCommand.from(empty), "there is no command in '" + empty + "'");
        Failures.expect(FailureKind.USAGE, () -> LaunchCommand.from(binary), "are not UTF-8");
        Path endless = Files.write(directory.resolve("endless"), new byte[(1 << 20) + 1]);
        Failures.expect(FailureKind.USAGE, () -> LaunchCommand.from(endless), "is no list of launchers");
        Failures.expect(
                FailureKind.NOT_FOUND, () -> LaunchCommand.from(directory.resolve("missing")), "cannot be read");
    }
}
