package io.fastforward.run;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Plugin;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * All that what a plugin does depends on. One of the application's own is known by its id, since the versions that go with it say
 * which application it is.
 *
 * @param id by which it is found
 * @param options the texts of all its options, defaults included
 * @param jar SHA-256 of the jar that it came from; null if it is one of the application's own
 */
record PluginIdentity(
        String id, Map<String, String> options, @Nullable String jar) {

    PluginIdentity {
        options = new TreeMap<>(options); // sorted, because a map is written in its own order
    }

    /**
     * That of a plugin that was found.
     *
     * @param given what the user gave for options of plugins, by {@code kind.name}
     */
    static PluginIdentity of(PluginRegistry plugins, PluginKind<?> kind, Plugin plugin, Map<String, String> given) {
        Map<String, String> options = new TreeMap<>();
        for (OptionSpec option : plugin.options()) {
            options.put(option.name(), given.getOrDefault(kind.name() + "." + option.name(), option.defaultText()));
        }
        @Nullable
        String jar = plugins.externalJar(kind, plugin.id())
                .map(file -> FileHash.of(file).sha256())
                .orElse(null);
        return new PluginIdentity(plugin.id(), options, jar);
    }
}
