package io.fastforward.run;

import io.fastforward.spi.Plugin;
import java.util.Map;
import java.util.TreeMap;

/** The versions that a result may depend on. */
public final class Versions {

    private Versions() {}

    /** The version of FastForward, as in the manifest of its jar. */
    public static String fastForward() {
        String version = Versions.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    static Map<String, String> current() {
        Map<String, String> versions = new TreeMap<>();
        versions.put("fastforward", fastForward());
        versions.put("spi", String.valueOf(Plugin.SPI_VERSION));
        versions.put("java", Runtime.version().toString());
        versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
        return versions;
    }
}
