package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.Probed;
import java.util.Objects;

/**
 * A provider that depends on the machine. A probe that fails says that it is not available, so that others serve;
 * whoever asks for it by name learns why from the failure.
 */
interface CheckedProbed extends CheckedPlugin, Probed {

    @Override
    Probed plugin();

    @Override
    default Availability probe() {
        try {
            return called().call("probing", () -> whole(plugin().probe()));
        } catch (Failure e) {
            return missing(e);
        }
    }

    static Availability missing(Failure e) {
        return Availability.missing(
                String.valueOf(e.getMessage()), "take it out of the plugin directory, or ask its author", e);
    }

    static Availability whole(Availability availability) {
        Objects.requireNonNull(availability.message(), "the message of an availability");
        Objects.requireNonNull(availability.hint(), "the hint of an availability");
        return availability;
    }
}
