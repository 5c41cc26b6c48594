package io.fastforward.cli;

import io.fastforward.plugin.PluginRegistry;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of all commands. */
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

    PluginRegistry loadPlugins() {
        return PluginRegistry.load(plugins);
    }
}
