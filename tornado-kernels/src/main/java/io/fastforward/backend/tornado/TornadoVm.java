package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Whether there is a TornadoVM in this process, and what it found. Touches none of TornadoVM's classes unless its
 * runtime is there; a failure to start it is final for this process.
 */
final class TornadoVm {

    private static final String RUNTIME = "tornado.runtime";

    static final String INSTALL = "install a TornadoVM SDK, version 5.2.0-jdk25 (https://www.tornadovm.org, or"
            + " SDKMAN: sdk install tornadovm), set TORNADOVM_HOME to its directory and start with scripts/fastforward";

    /** What an SDK may hold: module of the driver, and what a machine needs for it. */
    private static final Map<String, String> NEEDS = needs();

    private final @Nullable Throwable failure;
    private final List<Device> devices;
    private final Map<String, PrecisionSupport> bfloat16 = new ConcurrentHashMap<>();

    private TornadoVm(List<Device> devices, @Nullable Throwable failure) {
        this.devices = devices;
        this.failure = failure;
    }

    /** Starts TornadoVM if it is there. */
    static TornadoVm find() {
        if (!isPresent()) {
            return new TornadoVm(List.of(), null);
        }
        try {
            return new TornadoVm(DeviceCatalog.devices(), null);
        } catch (LinkageError | RuntimeException e) {
            return new TornadoVm(List.of(), e);
        }
    }

    /** The devices, GPUs first. */
    List<Device> devices() {
        return devices;
    }

    Availability availability() {
        if (!isPresent()) {
            return Availability.missing("TornadoVM is not in this process", INSTALL, null);
        }
        if (failure != null) {
            Throwable cause = failure.getCause() == null ? failure : failure.getCause();
            return Availability.missing(
                    "TornadoVM does not start: " + cause,
                    "check the SDK with its own tool: tornado --devices",
                    failure);
        }
        if (devices.isEmpty()) {
            return Availability.missing(
                    "TornadoVM finds no device",
                    "install the driver of your GPU; the command 'devices' lists what there is",
                    null);
        }
        return Availability.ready(
                "TornadoVM: " + devices.stream().map(Device::name).distinct().collect(Collectors.joining(", ")));
    }

    /** For each kind of driver whether it serves, and if not, what to install. */
    Map<String, Availability> drivers() {
        Map<String, Availability> result = new LinkedHashMap<>();
        NEEDS.forEach((driver, need) -> {
            long found = devices.stream()
                    .filter(device -> device.driver().equals(driver))
                    .count();
            if (found > 0) {
                result.put(driver, Availability.ready(found + (found == 1 ? " device" : " devices")));
            } else if (!isPresent()) {
                result.put(driver, Availability.missing("there is no TornadoVM in this process", INSTALL, null));
            } else if (ModuleLayer.boot()
                    .findModule("tornado.drivers." + driver)
                    .isEmpty()) {
                result.put(
                        driver,
                        Availability.missing(
                                "the TornadoVM SDK in use was built without it",
                                "install an SDK that has it (sdk list tornadovm); it needs " + need,
                                null));
            } else {
                result.put(driver, Availability.missing("its driver finds no device", "install " + need, failure));
            }
        });
        return result;
    }

    private static boolean isPresent() {
        return ModuleLayer.boot().findModule(RUNTIME).isPresent();
    }

    private static Map<String, String> needs() {
        Map<String, String> needs = new LinkedHashMap<>();
        needs.put("cuda", "an NVIDIA GPU with its driver and the CUDA toolkit");
        needs.put("ptx", "an NVIDIA GPU with its driver and the CUDA toolkit");
        needs.put("opencl", "the OpenCL driver of the GPU's maker (NVIDIA, AMD ROCm, Intel compute runtime)");
        needs.put("spirv", "an Intel GPU with the Level Zero loader and the Intel compute runtime");
        needs.put("metal", "an Apple GPU");
        return needs;
    }

    /** Whether a device computes in bfloat16. Tried once, and the answer is kept. */
    PrecisionSupport bfloat16(String id) {
        if (devices.stream().noneMatch(device -> device.id().equals(id))) {
            return PrecisionSupport.missing("there is no device '" + id + "'");
        }
        return bfloat16.computeIfAbsent(id, TornadoVm::tryBfloat16);
    }

    private static PrecisionSupport tryBfloat16(String id) {
        try {
            return DeviceCatalog.bfloat16(id);
        } catch (LinkageError | RuntimeException e) {
            return PrecisionSupport.missing("no bfloat16 here: " + e);
        }
    }

    /** Opens a device of {@link #devices()}. */
    static ComputeBackend open(String id, Precision precision) {
        return DeviceCatalog.open(id, precision);
    }
}
