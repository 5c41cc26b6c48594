package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** The options that a user gives to plugins, by {@code kind.name}. */
final class GivenOptions {

    private GivenOptions() {}

    /**
     * Checks that all of them are for plugins that serve.
     *
     * @throws Failure if one is not
     */
    static void requireKinds(Map<String, String> given, List<PluginKind<?>> kinds) {
        given.keySet().forEach(name -> requireKind(name, kinds));
    }

    /**
     * Those for a plugin.
     *
     * @throws Failure if it does not know one, or not such a value
     */
    static Options of(Map<String, String> given, PluginKind<?> kind, Plugin plugin) {
        String prefix = kind.name() + ".";
        Map<String, String> values = new TreeMap<>();
        given.forEach((name, value) -> {
            if (name.startsWith(prefix)) {
                values.put(name.substring(prefix.length()), value);
            }
        });
        return PluginRegistry.options(kind, plugin, values);
    }

    private static void requireKind(String name, List<PluginKind<?>> kinds) {
        int dot = name.indexOf('.');
        String kind = dot < 0 ? "" : name.substring(0, dot);
        if (kinds.stream().noneMatch(known -> known.name().equals(kind))) {
            throw FailureKind.USAGE.failure(
                    Setting.PLUGIN_OPTIONS + " " + name + ": expected KIND.NAME=VALUE with a KIND of "
                            + kinds.stream().map(PluginKind::name).collect(Collectors.joining(", "))
                            + "; the command 'plugins' lists the options that there are");
        }
    }
}
