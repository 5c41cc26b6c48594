package io.fastforward.spi;

import java.util.List;

/**
 * The one face of every provider that FastForward finds through {@link java.util.ServiceLoader}. Each kind adds how its
 * work is created, with the user's options: {@code Criterion.Provider}, for example, {@code create(Options)}.
 */
public interface Plugin {

    /** The version of this contract; a jar states the one that it was built for in its manifest. */
    int SPI_VERSION = 2;

    /** The manifest attribute that holds the contract's version. It is checked before any class of the jar loads. */
    String SPI_VERSION_ATTRIBUTE = "FastForward-Spi-Version";

    /** The name by which a user asks for it: lower case, digits and hyphens, unique among the providers of its kind. */
    String id();

    /** One line for the list of plugins: what it does and where the method comes from. */
    String description();

    /** The options that it understands, with names of their own. What a user gives is checked against them. */
    default List<OptionSpec> options() {
        return List.of();
    }
}
