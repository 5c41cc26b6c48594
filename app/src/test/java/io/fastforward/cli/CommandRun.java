package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A command that was run in this process, as a user sees it.
 *
 * @param exitCode what the process would have ended with
 * @param output lines of standard output
 * @param errors lines of standard error
 */
record CommandRun(int exitCode, List<String> output, List<String> errors) {

    private static final String NAME = "fastforward: ";

    static CommandRun of(String... arguments) {
        PrintStream standardOutput = System.out;
        PrintStream standardError = System.err;
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        ByteArrayOutputStream errors = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
            int exitCode = FastForward.run(arguments);
            return new CommandRun(exitCode, lines(output), lines(errors));
        } finally {
            System.setOut(standardOutput);
            System.setErr(standardError);
        }
    }

    CommandRun succeeds() {
        assertThat(errors).noneMatch(line -> line.startsWith(NAME));
        assertThat(exitCode).isZero();
        return this;
    }

    /** It ends with the exit code of the kind, nothing on standard output, and one line that holds all of the words. */
    void isRefused(FailureKind kind, String... words) {
        assertThat(output).isEmpty();
        assertThat(errors)
                .filteredOn(line -> line.startsWith(NAME))
                .singleElement()
                .satisfies(line -> {
                    assertThat(line).contains(words);
                    assertThat(errors.getLast()).isEqualTo(line);
                });
        assertThat(exitCode).isEqualTo(kind.exitCode());
    }

    String text() {
        return String.join("\n", output);
    }

    private static List<String> lines(ByteArrayOutputStream stream) {
        return stream.toString(StandardCharsets.UTF_8).lines().toList();
    }
}
