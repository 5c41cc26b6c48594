package io.fastforward.failure;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.MalformedInputException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReasonTest {

    /** Exceptions whose message is only a path, or nothing. */
    @Test
    void aPathIsNoReason() {
        assertThat(Reason.of(new AccessDeniedException("X"))).isEqualTo("permission denied");
        assertThat(Reason.of(new NoSuchFileException("X"))).isEqualTo("'X' does not exist");
        assertThat(Reason.of(new DirectoryNotEmptyException("X"))).isEqualTo("'X' is not empty");
        assertThat(Reason.of(new FileSystemException("X"))).contains("'X'", "does not say why");
        assertThat(Reason.of(new FileSystemException("X", null, "Read-only file system")))
                .isEqualTo("Read-only file system");
        assertThat(Reason.of(new ClosedByInterruptException())).isEqualTo("it was interrupted");
        assertThat(Reason.of(new ClosedChannelException())).contains("closed");
        assertThat(Reason.of(new MalformedInputException(3))).isEqualTo("it is not UTF-8");
        assertThat(Reason.of(new IOException("Input/output error"))).isEqualTo("Input/output error");
        for (IOException silent : List.of(new IOException(), new IOException(" "))) {
            assertThat(Reason.of(silent)).isEqualTo("an unknown error (IOException)");
        }
    }

    @Test
    void itIsOneBoundedLine() {
        for (IOException hostile : List.of(
                new IOException("a\u001b[2Jb\n".repeat(10_000)),
                new NoSuchFileException("a\nb".repeat(10_000)),
                new FileSystemException("X", null, "\u202e\r\n".repeat(10_000)))) {
            assertThat(Reason.of(hostile)).hasSizeLessThan(300).doesNotContainPattern("[\\p{Cntrl}\u202e]");
        }
    }

    @Test
    void thoseOfTheSystemAreTold(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "text");
        assertThat(reason(() -> Files.createDirectory(file))).isEqualTo("'" + file + "' exists already");
        assertThat(reason(() -> list(file))).isEqualTo("'" + file + "' is not a directory");
        assertThat(reason(() -> Files.readAllBytes(directory))).isEqualTo("Is a directory");
        assertThat(reason(() -> Files.createFile(directory.resolve("n".repeat(300)))))
                .isEqualTo("File name too long");
    }

    private static void list(Path directory) throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            assertThat(children).isNull();
        }
    }

    private interface Work {
        void run() throws IOException;
    }

    private static String reason(Work work) {
        try {
            work.run();
            throw new AssertionError("it did not fail");
        } catch (IOException e) {
            return Reason.of(e);
        }
    }
}
