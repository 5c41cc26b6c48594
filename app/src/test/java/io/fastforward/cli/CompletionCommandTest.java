package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CompletionCommandTest {

    private static final Path BASH = Path.of("/bin/bash");

    /** As a shell asks for it: the words so far, the last of which is to be completed. */
    private static final String ASK = """
            source "$1"
            shift
            COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); COMPREPLY=()
            _complete_fastforward
            echo "${COMPREPLY[*]}"
            """;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @CsvSource({
        "pr,                      prune",
        "do,                      doctor",
        "prune --spars,           --sparsity",
        "prune --skip,            ''", // an old name
        "prune --attention kv,    kv-group",
        "sparsify --calibration-, --calibration-windows"
    })
    void completes(String typed, String expected) throws Exception {
        assumeTrue(Files.isExecutable(BASH), "there is no bash to ask");
        Path script = directory.resolve("script");
        Files.writeString(script, CommandRun.of("completion").succeeds().text());
        assertThat(complete(script, typed)).isEqualTo(expected);
    }

    private String complete(Path script, String typed) throws IOException, InterruptedException {
        String[] words = typed.split(" ");
        String[] command = new String[words.length + 6];
        System.arraycopy(
                new String[] {BASH.toString(), "-c", ASK, "ask", script.toString(), "fastforward"}, 0, command, 0, 6);
        System.arraycopy(words, 0, command, 6, words.length);
        Process shell = new ProcessBuilder(command)
                .redirectError(directory.resolve("errors").toFile())
                .start();
        String reply = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(shell.waitFor()).isZero();
        return reply.strip();
    }
}
