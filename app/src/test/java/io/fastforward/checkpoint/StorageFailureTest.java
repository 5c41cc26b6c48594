package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Path;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StorageFailureTest {

    private static final OptionalLong PLENTY = OptionalLong.of(83_000_000_000L);

    @Test
    void thereIsRoomToMakeOnlyWhereItIsShort() {
        assertThat(StorageFailure.advice(new IOException("No space left on device"), 10, PLENTY))
                .contains("needs 10 bytes", "83000000000 left", "make room");
        assertThat(StorageFailure.advice(new IOException("some other error"), 10, OptionalLong.of(9)))
                .contains("needs 10 bytes", "9 left", "make room");
        // What a file system has left says nothing about what is left of a quota.
        assertThat(StorageFailure.advice(new IOException("Disk quota exceeded"), 10, PLENTY))
                .contains("needs 10 bytes", "your quota")
                .doesNotContain("83000000000");
    }

    @ParameterizedTest
    @CsvSource({
        "Input/output error, disk",
        "Read-only file system, another output directory",
        "Too many open files, ulimit -n",
        "Too many open files in system, ulimit -n",
        "File name too long, shorter name",
        "File too large, <export.shardBytes>",
        "Device or resource busy, mount point",
        "Interrupted system call, run it again",
        "Stale file handle, another output directory"
    })
    void otherErrorsAreNotToldAsLackOfRoom(String error, String advice) {
        assertThat(StorageFailure.advice(new IOException(error), 10, PLENTY))
                .contains(advice)
                .doesNotContain("make room");
    }

    @Test
    void anInterruptIsNoLackOfRoom() {
        assertThat(StorageFailure.advice(new ClosedByInterruptException(), 10, PLENTY))
                .isEqualTo("run it again");
    }

    @Test
    void whatAndWhyAreNamed(@TempDir Path directory) {
        Path file = directory.resolve("file");
        Failures.expect(
                FailureKind.STORAGE,
                () -> {
                    throw StorageFailure.of(file, 10, new AccessDeniedException(file.toString()));
                },
                "cannot write '" + file + "': permission denied; choose another output directory");
    }
}
