package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.checkpoint.AtomicDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is half-written when a process is told to end goes away. The process of this test stops in the middle of an
 * output, for as long as it takes: exporting the demo model is over too soon to be hit surely.
 */
class UnfinishedOutputIT {

    @TempDir
    private Path directory;

    /** The process: makes an output with a file in it, says so, and waits for its end. */
    static final class Writer {
        private Writer() {}

        public static void main(String[] arguments) throws IOException {
            try (AtomicDirectory output = AtomicDirectory.create(Path.of(arguments[0]))) {
                Files.writeString(output.path().resolve("model.safetensors"), "half of it");
                System.out.println("writing");
                while (System.in.read() >= 0) {
                    // The signal comes first.
                }
                output.commit();
            }
        }
    }

    @Test
    void aProcessThatIsToldToEndDeletesItsUnfinishedOutput() throws Exception {
        Path output = directory.resolve("out");
        Process process = startWriter(output);
        try {
            assertThat(directory).isNotEmptyDirectory();
            process.toHandle().destroy(); // Process.destroy() would close the pipe that the process waits on
            assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(143);
        assertThat(directory).isEmptyDirectory();
    }

    /** Starts a process that is writing an output when this returns. */
    static Process startWriter(Path output) throws IOException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        Writer.class.getName(),
                        output.toString()))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(process.inputReader().readLine()).isEqualTo("writing");
        return process;
    }
}
