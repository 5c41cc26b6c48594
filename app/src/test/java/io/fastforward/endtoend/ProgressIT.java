package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A bar on a terminal, plain lines in a log. The terminal is one that script, of util-linux, makes. */
class ProgressIT {

    private static final char ESCAPE = '\u001b';

    @TempDir
    private Path directory;

    @BeforeEach
    void scriptIsThere() {
        assumeTrue(
                List.of("/usr/bin/script", "/bin/script").stream().anyMatch(path -> Files.isExecutable(Path.of(path)))
                        && Files.isDirectory(Path.of("/proc")),
                "script of util-linux is needed");
    }

    @Test
    void aTerminalGetsABarThatGoesAway() throws IOException {
        String shown = onATerminal("");
        assertThat(shown).contains("Evaluating", "█", "perplexity over 4 windows");
        String lastLine = shown.substring(0, shown.indexOf("Evaluating: perplexity"));
        assertThat(lastLine.substring(lastLine.lastIndexOf('█')))
                .as("the bar is overwritten before the line with the outcome")
                .containsPattern("\r *\r|" + ESCAPE + "\\[[0-9;]*[KJ]");
    }

    @Test
    void aLogGetsPlainLines() throws IOException {
        Path log = directory.resolve("log");
        String shown = onATerminal(" 2>" + log);
        assertThat(shown).contains("perplexity").doesNotContain("█");
        assertThat(log)
                .content()
                .contains("Evaluating: perplexity over 4 windows")
                .doesNotContain("█", "\r");
    }

    private String onATerminal(String redirection) throws IOException {
        Path typescript = directory.resolve("typescript");
        String command = Launcher.script() + " evaluate " + DemoModel.directory() + " --text "
                + DemoModel.directory().resolve("validation.txt") + " --window 64 --windows 4 --repeat 50"
                + redirection;
        Launcher.Finished run = Launcher.in(directory)
                .startProgram(List.of("script", "-qec", command, typescript.toString()))
                .await();
        assertThat(run.exitCode()).as(run.text()).isZero();
        return Files.readString(typescript);
    }
}
