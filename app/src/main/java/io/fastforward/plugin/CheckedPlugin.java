package io.fastforward.plugin;

import io.fastforward.failure.OneLine;
import io.fastforward.failure.PlainText;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Plugin;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A provider whose every call is watched: what it throws and what it gives against its contract ends in a failure that
 * names it. What it says about itself is read once.
 */
interface CheckedPlugin extends Plugin {

    /** What it says about itself, and where it came from. */
    CalledPlugin called();

    /** The provider itself. */
    Plugin plugin();

    @Override
    default String id() {
        return called().id();
    }

    @Override
    default String description() {
        return called().description();
    }

    @Override
    default List<OptionSpec> options() {
        return called().options();
    }

    /**
     * Reads what a provider that was found says about itself.
     *
     * @throws IllegalStateException if that makes no sense; the provider may throw anything else, too
     */
    static CalledPlugin read(String kind, String origin, boolean external, Plugin plugin) {
        String id = plugin.id();
        if (id == null || !id.matches("[a-z0-9][a-z0-9-]{0,63}")) {
            throw new IllegalStateException("its id '" + OneLine.of(String.valueOf(id))
                    + "' must be at most 64 lower case letters, digits and hyphens");
        }
        String description = plugin.description();
        if (description == null || description.isBlank()) {
            throw new IllegalStateException("it has no description");
        }
        List<OptionSpec> known = plugin.options();
        if (known == null) {
            throw new IllegalStateException("its options are null");
        }
        List<OptionSpec> options = known.stream().map(CheckedPlugin::plain).toList();
        Set<String> names = new HashSet<>();
        options.stream()
                .map(OptionSpec::name)
                .filter(name -> !names.add(name))
                .findFirst()
                .ifPresent(name -> {
                    throw new IllegalStateException("two options have the name " + name);
                });
        return new CalledPlugin(kind, id, origin, external, PlainText.line(description), options);
    }

    private static OptionSpec plain(OptionSpec option) {
        return new OptionSpec(option.name(), PlainText.line(option.meaning()), option.defaultText(), option.values());
    }
}
