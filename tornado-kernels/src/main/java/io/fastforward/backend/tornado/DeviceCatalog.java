package io.fastforward.backend.tornado;

import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.ComputeBackend.Device;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices of TornadoVM's runtime, under names of ours: the backend and the index within it. */
final class DeviceCatalog {

    private DeviceCatalog() {}

    /** A device with its name. */
    private record Found(Device device, TornadoDevice handle) {}

    static List<Device> devices() {
        return found().stream().map(Found::device).toList();
    }

    /** @throws IllegalArgumentException if there is no such device */
    static ComputeBackend open(String id) {
        List<Found> all = found();
        Found chosen = all.stream()
                .filter(candidate -> candidate.device.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no device '" + id + "'; there are: "
                        + String.join(
                                ", ",
                                all.stream().map(found -> found.device.id()).toList())));
        DeviceCapacity capacity = DeviceCapacity.of(
                chosen.handle.getMaxGlobalMemory(),
                chosen.handle.getPhysicalDevice().getDeviceMaxAllocationSize(),
                System.getProperty("tornado.device.memory", ""),
                false);
        String description = chosen.device.name() + " (" + id + ", TornadoVM " + chosen.device.backend() + ")";
        return new io.fastforward.backend.tornado.TornadoBackend(
                new DeviceProgram(chosen.handle, description, capacity));
    }

    private static List<Found> found() {
        TornadoRuntime runtime = TornadoRuntimeProvider.getTornadoRuntime();
        List<Found> all = new ArrayList<>();
        for (int backend = 0; backend < runtime.getNumBackends(); backend++) {
            TornadoBackend driver = runtime.getBackend(backend);
            for (int index = 0; index < driver.getNumDevices(); index++) {
                all.add(describe(driver.getDevice(index), index));
            }
        }
        all.sort(Comparator.comparing((Found one) -> !one.device.gpu()));
        return all;
    }

    private static Found describe(TornadoDevice device, int index) {
        String backend = device.getTornadoVMBackend().name().toLowerCase(Locale.ROOT);
        boolean gpu = device.getDeviceType() == TornadoDeviceType.GPU;
        String name = (device.getPhysicalDevice().getDeviceName() + ", " + device.getPlatformName())
                .replaceAll("\\s+", " ")
                .strip();
        return new Found(
                new Device(backend + ":" + index, name, backend, device.getMaxGlobalMemory(), gpu, gpu), device);
    }
}
