package io.fastforward.cli;

import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints what a shell needs to complete our command lines. */
@Command(
        name = "completion",
        description = "Prints a script by which bash and zsh complete commands, options and their values.",
        footer = {
            "",
            "For this shell:      source <(fastforward completion)",
            "For every new one:   add that line to ~/.bashrc or ~/.zshrc, with fastforward in the PATH."
        },
        mixinStandardHelpOptions = true)
final class CompletionCommand implements Runnable {

    /** As the script is called in the PATH; its own directory does not matter to a shell. */
    private static final String COMMAND = "fastforward";

    @Spec
    private CommandSpec spec;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    CompletionCommand() {}

    @Override
    public void run() {
        CommandLine whole = spec.root().commandLine();
        spec.commandLine().getOut().print(AutoComplete.bash(COMMAND, whole));
    }
}
