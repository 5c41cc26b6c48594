package io.fastforward.spi;

import java.util.Map;

/** What every provider that FastForward finds through {@link java.util.ServiceLoader} tells about itself. */
public interface Plugin {

    /** The version of this contract; a jar states the one that it was built for in its manifest. */
    int SPI_VERSION = 1;

    /** The manifest attribute that holds the contract's version. It is checked before any class of the jar loads. */
    String SPI_VERSION_ATTRIBUTE = "FastForward-Spi-Version";

    /** The name by which a user asks for it: lower case, digits and hyphens, unique among the providers of its kind. */
    String id();

    /** One line for the list of plugins: what it does and where the method comes from. */
    String description();

    /** The options that it understands, by name, each with one line that states meaning and default. */
    default Map<String, String> options() {
        return Map.of();
    }
}
