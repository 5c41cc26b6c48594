package io.fastforward.cli;

import io.fastforward.plugin.PluginRegistry;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Options of all commands. */
@OptionHeading("General")
final class CommonOptions {

    @Option(
            names = "--plugins",
            paramLabel = "DIR",
            description = "Directory of plugin jars to load beside the built-in ones.")
    private @Nullable Path plugins;

    @Option(names = "--json", description = "Print the result as JSON, and no progress.")
    boolean json;

    @Option(names = "--verbose", description = "Print the stack trace of a failure.")
    boolean verbose;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    /** Where results go. */
    PrintWriter out() {
        return command.commandLine().getOut();
    }

    /**
     * Prints a result.
     *
     * @param forPeople writes what people read, unless the user wants JSON
     */
    void print(Object result, Consumer<PrintWriter> forPeople) {
        if (json) {
            out().println(JsonOutput.of(result));
        } else {
            forPeople.accept(out());
        }
    }

    PluginRegistry loadPlugins() {
        return PluginRegistry.load(plugins);
    }
}
