package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.CheckedBackend;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A provider of backends that are checked. */
record CheckedBackendProvider(CalledPlugin called, ComputeBackend.Provider plugin, int priority)
        implements CheckedProbed, ComputeBackend.Provider {

    CheckedBackendProvider(CalledPlugin called, ComputeBackend.Provider plugin) {
        this(called, plugin, plugin.priority());
    }

    @Override
    public List<Device> devices() {
        return called.call("listing its devices", () -> {
            List<Device> devices = List.copyOf(plugin.devices());
            devices.forEach(device -> {
                Objects.requireNonNull(device.id(), "the id of a device");
                Objects.requireNonNull(device.name(), "the name of a device");
                Objects.requireNonNull(device.driver(), "the driver of a device");
            });
            return devices;
        });
    }

    @Override
    public Map<String, Availability> drivers() {
        try {
            devices();
            return called.call("listing its drivers", () -> {
                Map<String, Availability> drivers = Map.copyOf(plugin.drivers());
                drivers.values().forEach(CheckedProbed::whole);
                return drivers;
            });
        } catch (Failure e) {
            return Map.of(id(), CheckedProbed.missing(e));
        }
    }

    @Override
    public ComputeBackend open(int threads) {
        return checked(called.callOnDevice("opening", () -> plugin.open(threads)));
    }

    @Override
    public ComputeBackend open(String device, int threads) {
        return checked(called.callOnDevice("opening '" + device + "'", () -> plugin.open(device, threads)));
    }

    @Override
    public PrecisionSupport support(String device, Precision precision) {
        try {
            return called.call("saying in what precisions '" + device + "' computes", () -> {
                PrecisionSupport support = plugin.support(device, precision);
                Objects.requireNonNull(support.message(), "what it says of a precision");
                return support;
            });
        } catch (Failure e) {
            return PrecisionSupport.missing(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public ComputeBackend open(String device, int threads, Precision precision) {
        return checked(called.callOnDevice(
                "opening '" + device + "' for " + precision.label(), () -> plugin.open(device, threads, precision)));
    }

    private ComputeBackend checked(ComputeBackend backend) {
        return new CheckedBackend(CheckedDevice.of(called, ComputeBackend.class, backend));
    }
}
