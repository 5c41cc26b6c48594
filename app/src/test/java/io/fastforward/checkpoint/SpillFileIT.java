package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small disk, mounted for the test, which takes root's rights. */
class SpillFileIT {

    private static final long MIB = 1 << 20;

    @Test
    void aDiskWithoutRoomIsToldOfBeforeAnythingIsUsed(@TempDir Path disk) throws Exception {
        assumeTrue(succeeds("mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", disk.toString()));
        try {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment memory = SpillFile.map(disk, 10 * MIB, arena);
                Failures.expect(
                        FailureKind.STORAGE,
                        () -> SpillFile.map(disk, 10 * MIB, arena),
                        "No space left",
                        disk.toString());
                memory.fill((byte) 1);
                assertThat(memory.get(ValueLayout.JAVA_BYTE, 10 * MIB - 1)).isEqualTo((byte) 1);
            }
            assertThat(disk).isEmptyDirectory();
            try (Arena arena = Arena.ofShared()) {
                assertThat(SpillFile.map(disk, 15 * MIB, arena).byteSize()).isEqualTo(15 * MIB);
            }
        } finally {
            succeeds("umount", disk.toString());
        }
    }

    private static boolean succeeds(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
