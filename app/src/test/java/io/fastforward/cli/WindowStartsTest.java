package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowStartsTest {

    @TempDir
    private Path directory;

    @Test
    void numbersStandAnywhereInAFile() throws IOException {
        assertThat(WindowStarts.read(file(" 12, 0\n7\t12\n"))).containsExactly(12, 0, 7, 12);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ,\n", "1 two", "1.5", "99999999999"})
    void anythingElseIsRefused(String contents) throws IOException {
        Path file = file(contents);
        Failures.expect(FailureKind.USAGE, () -> WindowStarts.read(file), "windows.starts", "starts.txt");
    }

    @Test
    void aFileThatIsNotThere() {
        Failures.expect(FailureKind.NOT_FOUND, () -> WindowStarts.read(directory.resolve("none")), "none");
    }

    @Test
    void aFileThatIsTooLarge() throws IOException {
        Path file = file(" ".repeat((1 << 20) + 1));
        Failures.expect(FailureKind.USAGE, () -> WindowStarts.read(file), "starts.txt", "1048576");
    }

    private Path file(String contents) throws IOException {
        return Files.writeString(directory.resolve("starts.txt"), contents);
    }
}
