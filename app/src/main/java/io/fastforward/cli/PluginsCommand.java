package io.fastforward.cli;

import io.fastforward.plugin.PluginEntry;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.Probed;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Lists what was found, from which jar, and what is broken and why. */
@Command(
        name = "plugins",
        description = "Lists the plugins that were found, from which jar, and what is broken and why.",
        mixinStandardHelpOptions = true)
final class PluginsCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private CommonOptions common;

    @SuppressWarnings("NullAway.Init") // picocli fills in the fields
    PluginsCommand() {}

    /** An option of a plugin. */
    record OptionLine(String name, String meaning, String values, String defaultValue) {

        static OptionLine of(OptionSpec option) {
            return new OptionLine(
                    option.name(), option.meaning(), option.values().toString(), option.defaultText());
        }
    }

    /** One line of the list. */
    record Line(String kind, String id, String status, String description, List<OptionLine> options, String origin) {}

    @Override
    public Integer call() {
        PluginRegistry plugins = common.loadPlugins();
        List<Line> lines = plugins.entries().stream().map(PluginsCommand::line).toList();
        if (common.json) {
            spec.commandLine().getOut().println(JsonOutput.of(lines));
        } else {
            text(lines).forEach(spec.commandLine().getOut()::println);
        }
        return 0;
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

    private static List<String> text(List<Line> lines) {
        List<String> text = new ArrayList<>();
        for (PluginKind<?> kind : PluginKind.ALL) {
            text.add(kind.name());
            lines.stream().filter(line -> line.kind().equals(kind.name())).forEach(line -> text.addAll(describe(line)));
        }
        List<Line> jars =
                lines.stream().filter(line -> line.kind().equals("jar")).toList();
        if (!jars.isEmpty()) {
            text.add("jars that were not loaded");
            jars.forEach(line -> text.addAll(describe(line)));
        }
        return text;
    }

    private static List<String> describe(Line line) {
        List<String> text = new ArrayList<>();
        text.add(String.format(Locale.ROOT, "  %-12s %s", line.id(), line.description()));
        if (!line.status().equals("ready")) {
            text.add("               " + line.status());
        }
        line.options()
                .forEach(option -> text.add("               " + line.kind() + "." + option.name() + ": "
                        + option.meaning() + "; " + option.values() + ", default " + option.defaultValue()));
        text.add("               from " + line.origin());
        return text;
    }
}
