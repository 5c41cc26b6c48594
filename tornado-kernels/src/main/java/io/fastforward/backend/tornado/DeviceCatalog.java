package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceCapacity;
import io.fastforward.backend.tornado.device.DeviceProgram;
import io.fastforward.backend.tornado.device.TensorCoreProbe;
import io.fastforward.backend.tornado.device.TensorCoreProbe.Trial;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import uk.ac.manchester.tornado.api.TornadoBackend;
import uk.ac.manchester.tornado.api.TornadoRuntime;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoDeviceType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/** The devices of TornadoVM's runtime, under names of ours: the driver and the index within it. */
final class DeviceCatalog {

    /** The only backend of TornadoVM with products in bfloat16 on tensor cores. */
    private static final String CUDA = "cuda";

    /** Where a card serves through several: CUDA has tensor cores; PTX pins host memory and cannot be told not to. */
    private static final List<String> PREFERRED = List.of(CUDA, "metal", "opencl", "spirv", "ptx");

    /** GPUs first; of a card that several backends serve, the best one. */
    static final Comparator<Device> BEST_FIRST = Comparator.comparing((Device device) -> !device.gpu())
            .thenComparing(device -> {
                int place = PREFERRED.indexOf(device.driver());
                return place < 0 ? PREFERRED.size() : place;
            });

    /**
     * Large enough for an answer that is the same every time, small enough for a moment: 34 GFLOP. With a quarter of it an
     * H200, 1.4 times faster at best, was found faster by chance only: a launch costs 0.1 ms, and tensor cores take five.
     */
    private static final Trial TRIAL = new Trial(2048, 4096, 2048);

    private static final DeviceCapacity TRIAL_CAPACITY = new DeviceCapacity(1 << 27, 1, 1 << 22, 1 << 25);
    private static final DeviceCapacity TRIAL_WITHOUT_OPERANDS = new DeviceCapacity(1 << 27, 1, 1 << 22, 0);

    private DeviceCatalog() {}

    /** A device with its name. */
    private record Found(Device device, TornadoDevice handle) {}

    static List<Device> devices() {
        return found().stream().map(Found::device).toList();
    }

    /**
     * Opens a device, for bfloat16 only if {@link #bfloat16} said that it can.
     *
     * @throws IllegalArgumentException if there is no such device
     */
    static ComputeBackend open(String id, Precision precision) {
        return new io.fastforward.backend.tornado.TornadoBackend(program(id, precision));
    }

    /** The kernels on a device, as {@link #open} has them. */
    static KernelExecutor program(String id, Precision precision) {
        Found chosen = require(id);
        String description = chosen.device.name() + " (" + id + ", TornadoVM " + chosen.device.driver() + ")";
        if (precision == Precision.BFLOAT16) {
            return new DeviceProgram(
                    chosen.handle,
                    description + ", bfloat16 on tensor cores",
                    DeviceCapacity.ofBfloat16(
                            chosen.handle.getMaxGlobalMemory(), largestAllocation(chosen), memoryLimit()),
                    precision);
        }
        if (!chosen.device.driver().equals(CUDA)) {
            return new DeviceProgram(chosen.handle, description, capacity(chosen, false), precision);
        }
        Optional<String> objection = tensorCoreObjection(chosen.handle);
        return new DeviceProgram(
                chosen.handle,
                description
                        + objection.map(why -> ", without tensor cores: " + why).orElse(", with tensor cores"),
                capacity(chosen, objection.isEmpty()),
                precision);
    }

    /** Whether a device computes in bfloat16, tried in programs of their own. Takes seconds. */
    static PrecisionSupport bfloat16(String id) {
        Found chosen = require(id);
        if (!chosen.device.driver().equals(CUDA)) {
            return PrecisionSupport.missing("no bfloat16 here: TornadoVM has tensor cores with CUDA alone, and this is "
                    + chosen.device.driver());
        }
        boolean tensorCores = tensorCoreObjection(chosen.handle).isEmpty();
        return TensorCoreProbe.bfloat16(
                () -> trial(chosen.handle, TRIAL_WITHOUT_OPERANDS, Precision.BFLOAT16),
                () -> trial(chosen.handle, tensorCores ? TRIAL_CAPACITY : TRIAL_WITHOUT_OPERANDS, Precision.SINGLE),
                TRIAL);
    }

    private static Found require(String id) {
        List<Found> all = found();
        return all.stream()
                .filter(candidate -> candidate.device.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("there is no device '" + id + "'; there are: "
                        + String.join(
                                ", ",
                                all.stream().map(found -> found.device.id()).toList())));
    }

    /** Tried in a program of its own, so that whatever goes wrong there is gone with it. */
    private static Optional<String> tensorCoreObjection(TornadoDevice device) {
        try (KernelExecutor trial = trial(device, TRIAL_CAPACITY, Precision.SINGLE)) {
            return TensorCoreProbe.objection(trial, TRIAL);
        } catch (DeviceException | OutOfMemoryError e) {
            return Optional.of(TensorCoreProbe.reason(e));
        }
    }

    private static KernelExecutor trial(TornadoDevice device, DeviceCapacity capacity, Precision precision) {
        return new DeviceProgram(device, "their trial", capacity, precision);
    }

    private static DeviceCapacity capacity(Found found, boolean tensorCores) {
        return DeviceCapacity.of(
                found.handle.getMaxGlobalMemory(), largestAllocation(found), memoryLimit(), tensorCores);
    }

    private static long largestAllocation(Found found) {
        return found.handle.getPhysicalDevice().getDeviceMaxAllocationSize();
    }

    private static String memoryLimit() {
        return System.getProperty("tornado.device.memory", "");
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
        all.sort(Comparator.comparing(Found::device, BEST_FIRST));
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
