package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A provider of backends that are checked. A probe that fails says that the backend is not available, so that the
 * others serve; whoever asks for the backend itself learns why from the failure.
 */
final class CheckedBackendProvider extends CheckedPlugin<ComputeBackend.Provider> implements ComputeBackend.Provider {

    private static final String HINT = "take it out of the plugin directory, or ask its author";

    private final int priority;

    CheckedBackendProvider(String kind, String origin, boolean external, ComputeBackend.Provider plugin) {
        super(kind, origin, external, plugin);
        priority = plugin.priority();
    }

    @Override
    public int priority() {
        return priority;
    }

    @Override
    public Availability probe() {
        try {
            return origin().call("probing", () -> whole(plugin().probe()));
        } catch (Failure e) {
            return Availability.missing(String.valueOf(e.getMessage()), HINT, e);
        }
    }

    @Override
    public List<Device> devices() {
        return origin().call("listing its devices", () -> {
            List<Device> devices = List.copyOf(plugin().devices());
            devices.forEach(device -> {
                Objects.requireNonNull(device.id(), "the id of a device");
                Objects.requireNonNull(device.name(), "the name of a device");
                Objects.requireNonNull(device.backend(), "the backend of a device");
            });
            return devices;
        });
    }

    @Override
    public Map<String, Availability> backends() {
        try {
            devices();
            return origin().call("listing its drivers", () -> {
                Map<String, Availability> backends = Map.copyOf(plugin().backends());
                backends.values().forEach(CheckedBackendProvider::whole);
                return backends;
            });
        } catch (Failure e) {
            return Map.of(id(), Availability.missing(String.valueOf(e.getMessage()), HINT, e));
        }
    }

    @Override
    public ComputeBackend open(int threads) {
        return checked(origin().callOnDevice("opening", () -> plugin().open(threads)));
    }

    @Override
    public ComputeBackend open(String device, int threads) {
        return checked(origin().callOnDevice("opening '" + device + "'", () -> plugin().open(device, threads)));
    }

    private ComputeBackend checked(ComputeBackend backend) {
        return CheckedDevice.of(origin(), ComputeBackend.class, backend);
    }

    private static Availability whole(Availability availability) {
        Objects.requireNonNull(availability.message(), "the message of an availability");
        Objects.requireNonNull(availability.hint(), "the hint of an availability");
        return availability;
    }
}
