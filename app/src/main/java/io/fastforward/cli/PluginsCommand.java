package io.fastforward.cli;

import io.fastforward.plugin.PluginEntry;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.Probed;
import java.io.PrintWriter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lists what was found, from which jar, and what is broken and why. */
@Command(
        name = "plugins",
        description = "Lists the plugins that were found, from which jar, and what is broken and why.",
        mixinStandardHelpOptions = true)
final class PluginsCommand implements Runnable {

    @Mixin
    private CommonOptions common;

    /**
     * An option of a plugin.
     *
     * @param name by which --option takes it
     * @param meaning in a sentence
     * @param values that it takes
     * @param defaultValue what holds unless it is given
     */
    record OptionLine(String name, String meaning, String values, String defaultValue) {

        static OptionLine of(OptionSpec option) {
            return new OptionLine(
                    option.name(), option.meaning(), option.values().toString(), option.defaultText());
        }
    }

    /**
     * A plugin.
     *
     * @param kind what it is for
     * @param id by which options name it
     * @param status whether it can be used, or why not
     * @param description in a sentence
     * @param options that it takes
     * @param origin the jar that it came from, or "built-in"
     */
    record Line(String kind, String id, String status, String description, List<OptionLine> options, String origin) {}

    @Override
    public void run() {
        PluginRegistry plugins = common.loadPlugins();
        List<Line> lines = plugins.entries().stream().map(PluginsCommand::line).toList();
        common.print(lines, out -> print(lines, out));
    }

    private static Line line(PluginEntry entry) {
        return switch (entry) {
            case PluginEntry.Broken broken ->
                new Line(broken.kind(), broken.name(), "broken: " + broken.reason(), "", List.of(), broken.origin());
            case PluginEntry.Working working ->
                new Line(
                        working.kind(),
                        working.provider().id(),
                        status(working),
                        working.provider().description(),
                        working.provider().options().stream()
                                .map(OptionLine::of)
                                .toList(),
                        working.origin());
        };
    }

    private static String status(PluginEntry.Working working) {
        if (!(working.provider() instanceof Probed probed)) {
            return "ready";
        }
        Availability availability = probed.probe();
        return (availability.available() ? "ready: " : "not available: ")
                + availability.message()
                + (availability.hint().isEmpty() ? "" : " (" + availability.hint() + ")");
    }

    private static void print(List<Line> lines, PrintWriter out) {
        Map<String, List<Line>> byKind = lines.stream().collect(Collectors.groupingBy(Line::kind));
        for (PluginKind<?> kind : PluginKind.ALL) {
            out.println(kind.name());
            byKind.getOrDefault(kind.name(), List.of()).forEach(line -> print(line, out));
        }
        if (byKind.containsKey("jar")) {
            out.println("jars that were not loaded");
            byKind.get("jar").forEach(line -> print(line, out));
        }
    }

    private static void print(Line line, PrintWriter out) {
        out.printf(Locale.ROOT, "  %-12s %s%n", line.id(), line.description());
        if (!line.status().equals("ready")) {
            out.println("               " + line.status());
        }
        line.options()
                .forEach(option -> out.println("               " + line.kind() + "." + option.name() + ": "
                        + option.meaning() + "; " + option.values()
                        + (option.defaultValue().isEmpty() ? "" : ", default " + option.defaultValue())));
        out.println("               from " + line.origin());
    }
}
