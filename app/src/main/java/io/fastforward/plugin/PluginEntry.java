package io.fastforward.plugin;

import io.fastforward.spi.Plugin;

/** One provider that was looked at. */
public sealed interface PluginEntry {

    /** The kind that it was declared as, or "jar" if no class of the jar was loaded. */
    String kind();

    /** The jar or directory that it came from. */
    String origin();

    /**
     * A provider that can be used. What it does against its contract ends in failures that name it.
     *
     * @param kind its kind
     * @param origin where it came from
     * @param provider the provider
     */
    record Working(String kind, String origin, Plugin provider) implements PluginEntry {}

    /**
     * A provider that cannot be used.
     *
     * @param kind its kind
     * @param origin where it came from
     * @param name class name, or what is known of it
     * @param cause why not
     */
    record Broken(String kind, String origin, String name, Throwable cause) implements PluginEntry {

        /** The innermost reason, in one line. */
        public String reason() {
            return CalledPlugin.describe(cause);
        }
    }
}
