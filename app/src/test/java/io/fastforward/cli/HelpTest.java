package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class HelpTest {

    static Stream<String> commands() {
        return new CommandLine(new FastForward()).getSubcommands().keySet().stream();
    }

    private static CommandSpec spec(String command) {
        return Objects.requireNonNull(
                        new CommandLine(new FastForward()).getSubcommands().get(command))
                .getCommandSpec();
    }

    /** Under some heading, and under no second one. */
    @ParameterizedTest
    @MethodSource("commands")
    void everyOptionIsListedOnce(String command) {
        String help = CommandRun.of(command, "--help").succeeds().text();
        for (OptionSpec option : spec(command).options()) {
            if (!option.hidden()) {
                Pattern listed =
                        Pattern.compile("(?m)^ {2,6}(-\\w, )?" + Pattern.quote(option.longestName()) + "[= \\n]");
                assertThat(listed.matcher(help).results())
                        .as(option.longestName())
                        .hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("commands")
    void examplesAreCommandsThatCanBeTyped(String command) {
        if (!spec(command).usageMessage().footerHeading().contains("Examples")) {
            return; // it ends with something else
        }
        for (String example : spec(command).usageMessage().footer()) {
            List<String> words = List.of(
                    example.strip().replace("\"Once upon a time\"", "text").split(" "));
            assertThat(words).startsWith("fastforward", command);
            assertThatNoException()
                    .isThrownBy(() -> new CommandLine(new FastForward())
                            .parseArgs(words.subList(1, words.size()).toArray(String[]::new)));
        }
    }

    @Test
    void whatTheCommandItselfTakesComesFirstAndWhatAllTakeLast() {
        assertThat(CommandRun.of("prune", "--help").succeeds().text())
                .containsSubsequence("--seed=N", "\nSearch:\n", "\nComputing:\n", "\nGeneral:\n", "\nExamples:\n");
    }
}
