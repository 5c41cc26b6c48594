package io.fastforward.plugin;

import io.fastforward.failure.OneLine;
import io.fastforward.failure.PlainText;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.util.List;
import java.util.Map;

/**
 * A provider whose every call is watched: what it throws and what it gives against its contract ends in a failure that
 * names it. What it says about itself is read once.
 */
abstract class CheckedPlugin<T extends Plugin> implements Plugin {

    private final T plugin;
    private final PluginOrigin origin;
    private final String description;
    private final List<OptionSpec> options;

    /**
     * A provider that was found.
     *
     * @throws IllegalStateException if what it says about itself makes no sense; it may throw anything else, too
     */
    CheckedPlugin(String kind, String origin, boolean external, T plugin) {
        String id = plugin.id();
        if (id == null || !id.matches("[a-z0-9][a-z0-9-]{0,63}")) {
            throw new IllegalStateException("its id '" + OneLine.of(String.valueOf(id))
                    + "' must be at most 64 lower case letters, digits and hyphens");
        }
        String described = plugin.description();
        if (described == null || described.isBlank()) {
            throw new IllegalStateException("it has no description");
        }
        description = PlainText.line(described);
        List<OptionSpec> known = plugin.options();
        if (known == null) {
            throw new IllegalStateException("its options are null");
        }
        options = known.stream().map(CheckedPlugin::plain).toList();
        Options.of(options, Map.of()); // none is there twice
        this.plugin = plugin;
        this.origin = new PluginOrigin(kind, id, origin, external);
    }

    /** The provider itself. */
    final T plugin() {
        return plugin;
    }

    final PluginOrigin origin() {
        return origin;
    }

    @Override
    public final String id() {
        return origin.id();
    }

    @Override
    public final String description() {
        return description;
    }

    @Override
    public final List<OptionSpec> options() {
        return options;
    }

    private static OptionSpec plain(OptionSpec option) {
        return new OptionSpec(option.name(), PlainText.line(option.meaning()), option.defaultText(), option.values());
    }
}
