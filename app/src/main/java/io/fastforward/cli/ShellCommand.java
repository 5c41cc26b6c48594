package io.fastforward.cli;

import io.fastforward.report.ShellWords;
import java.util.List;
import java.util.stream.Stream;

/** Commands of ours as a user can paste them into a shell. */
final class ShellCommand {

    /** The launcher says under which name it was called, which need not be in the PATH. */
    private static final String NAME_PROPERTY = "fastforward.command";

    private ShellCommand() {}

    /** How FastForward was called. */
    static String name() {
        return System.getProperty(NAME_PROPERTY, "fastforward");
    }

    /** A command line of FastForward. */
    static String of(List<String> arguments) {
        return ShellWords.of(
                Stream.concat(Stream.of(name()), arguments.stream()).toList());
    }
}
