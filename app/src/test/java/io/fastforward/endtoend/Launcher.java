package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Starts {@code scripts/fastforward} in a working directory of its own. */
final class Launcher {

    /** Far more than any command here takes, so that a hanging one fails instead of keeping the build. */
    private static final long TIMEOUT_SECONDS = 180;

    private static final long POLL_MILLIS = 10;

    private static final String NAME = "fastforward: ";

    private final Path script;
    private final Path workingDirectory;

    private final boolean withSdk;

    private Launcher(Path script, Path workingDirectory, boolean withSdk) {
        this.script = script;
        this.workingDirectory = workingDirectory;
        this.withSdk = withSdk;
    }

    /** With the TornadoVM SDK that the tests were started with, which others do not see. */
    static Launcher withSdk(Path workingDirectory) {
        return new Launcher(script(), workingDirectory, true);
    }

    static Launcher in(Path workingDirectory) {
        return at(script(), workingDirectory);
    }

    /** The launcher under another path. */
    static Launcher at(Path script, Path workingDirectory) {
        return new Launcher(script, workingDirectory, false);
    }

    /** The launcher of this checkout: tests run in the directory of their module. */
    static Path script() {
        return Path.of("..", "scripts", "fastforward").toAbsolutePath().normalize();
    }

    Finished run(String... arguments) {
        return start(arguments).await();
    }

    Started start(String... arguments) {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        return startProgram(command);
    }

    /** Starts another program, to which the command line of the launcher may be an argument. */
    Started startProgram(List<String> command) {
        try {
            Path streams = Files.createTempDirectory("streams");
            Path output = streams.resolve("output");
            Path errors = streams.resolve("errors");
            var builder = new ProcessBuilder(command)
                    .directory(workingDirectory.toFile())
                    .redirectOutput(output.toFile())
                    .redirectError(errors.toFile());
            if (!withSdk) {
                builder.environment().remove("TORNADOVM_HOME");
            }
            return new Started(builder.start(), output, errors);
        } catch (IOException e) {
            throw new AssertionError("cannot start " + command, e);
        }
    }

    /** A command that is running. */
    record Started(Process process, Path output, Path errors) {

        /** Waits until something is so; fails if the command ends before. */
        Started awaitWhileRunning(BooleanSupplier condition) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(TIMEOUT_SECONDS);
            while (!condition.getAsBoolean()) {
                assertThat(process.isAlive())
                        .as("the command ended early: %s", lines(errors))
                        .isTrue();
                assertThat(System.nanoTime()).isLessThan(deadline);
                Thread.sleep(POLL_MILLIS);
            }
            return this;
        }

        /** Sends a signal, such as INT. */
        Started send(String signal) throws IOException, InterruptedException {
            assertThat(new ProcessBuilder("kill", "-" + signal, String.valueOf(process.pid()))
                            .start()
                            .waitFor())
                    .isZero();
            return this;
        }

        Started kill() {
            process.destroyForcibly();
            return this;
        }

        Finished await() {
            try {
                if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    throw new AssertionError("the command did not end in time; it said: " + lines(errors));
                }
                return new Finished(process.exitValue(), lines(output), lines(errors));
            } catch (InterruptedException e) {
                process.destroyForcibly();
                Thread.currentThread().interrupt();
                throw new AssertionError("interrupted", e);
            }
        }
    }

    /**
     * A command that has ended.
     *
     * @param exitCode of the process
     * @param output lines of standard output
     * @param errors lines of standard error, but for those of the JVM itself
     */
    record Finished(int exitCode, List<String> output, List<String> errors) {

        Finished {
            errors = errors.stream()
                    .filter(line -> !line.equals("WARNING: Using incubator modules: jdk.incubator.vector"))
                    .toList();
        }

        Finished succeeds() {
            assertThat(errors).noneMatch(line -> line.startsWith(NAME));
            assertThat(exitCode).isZero();
            return this;
        }

        /** It ends with the exit code of the kind, nothing on standard output, and one line that holds the words. */
        void isRefused(FailureKind kind, String... words) {
            assertThat(output).isEmpty();
            assertThat(message()).contains(words);
            assertThat(exitCode).isEqualTo(kind.exitCode());
        }

        /** The last line of standard error, which is the only one that says why the command ended. */
        String message() {
            assertThat(errors)
                    .filteredOn(line -> line.startsWith(NAME))
                    .singleElement()
                    .isEqualTo(errors.getLast());
            return errors.getLast();
        }

        String text() {
            return String.join("\n", output);
        }
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
