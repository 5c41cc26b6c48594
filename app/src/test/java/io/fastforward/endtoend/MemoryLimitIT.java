package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.opentest4j.TestAbortedException;

/** Runs in a control group with little memory, which takes root's rights. */
class MemoryLimitIT {

    /** Where the memory controller may be mounted, and the name of its limit. */
    private static final Map<String, String> HIERARCHIES =
            Map.of("/sys/fs/cgroup/memory", "memory.limit_in_bytes", "/sys/fs/cgroup", "memory.max");

    @TempDir
    private Path directory;

    @Test
    void whatCannotBeDoneWithinTheLimitIsRefused() throws IOException {
        try (Group group = Group.make()) {
            group.limit("140M");
            run(group)
                    .isRefused(
                            FailureKind.DEVICE,
                            "this process may use 140 MiB of memory (the limit of its control group)");
            group.limit("600M");
            run(group, "--memory", "1")
                    .isRefused(FailureKind.USAGE, "--memory is 1.00 GiB", "600 MiB", "it would be killed");
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whatIsPlannedFits() throws IOException {
        try (Group group = Group.make()) {
            group.limit("300M");
            Launcher.Finished run = run(group).succeeds();
            assertThat(run.errors()).anyMatch(line -> line.matches("Memory: .*; [1-9][0-9] MiB may be used"));
        }
    }

    private Launcher.Finished run(Group group, String... more) {
        List<String> command = new ArrayList<>(List.of(
                "bash",
                "-c",
                "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"",
                group.directory().toString()));
        command.add(Launcher.script().toString());
        command.addAll(List.of(SmallPrune.into(directory.resolve("out"), more)));
        return Launcher.in(directory).startProgram(command).await();
    }

    /** A control group that is deleted in the end. */
    private record Group(Path directory, String limitFile) implements AutoCloseable {

        static Group make() {
            for (var hierarchy : HIERARCHIES.entrySet()) {
                Path directory = Path.of(
                        hierarchy.getKey(),
                        "fastforward-test-" + ProcessHandle.current().pid());
                try {
                    Group group = new Group(Files.createDirectory(directory), hierarchy.getValue());
                    if (Files.isWritable(directory.resolve(group.limitFile))) {
                        return group;
                    }
                    group.close();
                } catch (IOException _) {
                    // Not mounted here, or not for us.
                }
            }
            throw new TestAbortedException("no control group with a limit of its memory can be made");
        }

        void limit(String bytes) throws IOException {
            Files.writeString(directory.resolve(limitFile), bytes);
        }

        @Override
        public void close() throws IOException {
            Files.delete(directory);
        }
    }
}
