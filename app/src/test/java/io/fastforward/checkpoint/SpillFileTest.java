package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpillFileTest {

    /** More than is written at once, and no multiple of it. */
    private static final long BYTES = (20L << 20) + 12;

    @Test
    void itIsZeroAndKeepsWhatIsWrittenButHasNoName(@TempDir Path directory) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment memory = SpillFile.map(directory, BYTES, arena);
            assertThat(directory).isEmptyDirectory();
            assertThat(memory.byteSize()).isEqualTo(BYTES);
            assertThat(memory.address() % 4096).isZero();
            assertThat(memory.mismatch(arena.allocate(BYTES))).isEqualTo(-1);
            memory.set(ValueLayout.JAVA_BYTE, BYTES - 1, (byte) 7);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, BYTES - 1)).isEqualTo((byte) 7);
        }
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void whereNoFileCanBeIsNamed(@TempDir Path directory) {
        Path missing = directory.resolve("missing");
        try (Arena arena = Arena.ofShared()) {
            Failures.expect(
                    FailureKind.STORAGE,
                    () -> SpillFile.map(missing, 1 << 20, arena),
                    missing.toString(),
                    "<files.runDirectory>",
                    "<compute.memory>");
        }
    }
}
