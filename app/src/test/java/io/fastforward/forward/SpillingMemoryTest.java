package io.fastforward.forward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SpillingMemoryTest {

    private static final long PIECE = 1 << 20;

    @TempDir
    private Path directory;

    @Test
    void whatExceedsTheBudgetIsInAFile() {
        SpillingMemory memory = new SpillingMemory(directory, 2 * PIECE, PIECE);
        try (Arena arena = Arena.ofShared()) {
            assertThat(memory.allocate(PIECE, arena).isMapped()).isFalse();
            assertThat(memory.allocate(2 * PIECE, arena).isMapped()).isTrue();
            assertThat(memory.allocate(PIECE, arena).isMapped())
                    .as("fits beside the first")
                    .isFalse();
            MemorySegment last = memory.allocate(PIECE, arena);
            assertThat(last.isMapped()).isTrue();
            assertThat(last.byteSize()).isEqualTo(PIECE);
            assertThat(memory.allocate(PIECE - 1, arena).isMapped()).as("small").isFalse();
        }
    }

    @Test
    void whatIsGivenBackIsThereAgain() {
        SpillingMemory memory = new SpillingMemory(directory, PIECE, PIECE);
        for (int i = 0; i < 3; i++) {
            try (Arena arena = Arena.ofShared()) {
                assertThat(memory.allocate(PIECE, arena).isMapped()).isFalse();
                assertThat(memory.allocate(PIECE, arena).isMapped()).isTrue();
            }
        }
    }

    /** Also where it was not to be had. */
    @Test
    void whatFailsTakesNothing() {
        SpillingMemory memory = new SpillingMemory(directory.resolve("missing"), Long.MAX_VALUE / 2, PIECE);
        try (Arena arena = Arena.ofShared()) {
            for (int i = 0; i < 3; i++) {
                assertThatThrownBy(() -> memory.allocate(1L << 60, arena)).isInstanceOf(OutOfMemoryError.class);
            }
            assertThat(memory.allocate(PIECE, arena).isMapped()).isFalse();
        }
        try (Arena arena = Arena.ofShared()) {
            SpillingMemory none = new SpillingMemory(directory.resolve("missing"), 0, PIECE);
            assertThatThrownBy(() -> none.allocate(PIECE, arena)).isInstanceOf(Failure.class);
        }
    }

    @Test
    void whatStaysIsWhatFitsInOrder() {
        long large = 1L << 30;
        assertThat(PassMemory.staying(List.of(2 * large, 2 * large, large, 8L), 3 * large))
                .isEqualTo(3 * large + 8);
        assertThat(PassMemory.staying(List.of(large), 0)).isZero();
    }
}
