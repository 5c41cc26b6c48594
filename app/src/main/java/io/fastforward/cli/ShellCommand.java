package io.fastforward.cli;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Commands of ours as a user can paste them into a shell. */
final class ShellCommand {

    /** The launcher says under which name it was called, which need not be in the PATH. */
    private static final String NAME_PROPERTY = "fastforward.command";

    private static final Pattern NEEDS_NO_QUOTES = Pattern.compile("[A-Za-z0-9_@%+=:,./-]+");

    private ShellCommand() {}

    /** How FastForward was called. */
    static String name() {
        return System.getProperty(NAME_PROPERTY, "fastforward");
    }

    /** A command line of FastForward. */
    static String of(List<String> arguments) {
        return Stream.concat(Stream.of(name()), arguments.stream())
                .map(ShellCommand::quoted)
                .collect(Collectors.joining(" "));
    }

    private static String quoted(String word) {
        return NEEDS_NO_QUOTES.matcher(word).matches() ? word : "'" + word.replace("'", "'\\''") + "'";
    }
}
