package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.Probed;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Chooses and opens the device that serves a run, and the linear algebra beside it. */
public final class Devices {

    /** What serves without being asked for: a GPU if there is one, else the CPU. */
    public static final String AUTO = "auto";

    /** Any GPU, or none of the rest. */
    public static final String GPU = "gpu";

    private Devices() {}

    /** Work that a device does. */
    @FunctionalInterface
    interface Work<T> {

        /**
         * Does it.
         *
         * @param device closed by whoever calls
         * @param takesOver whether another device began it and failed; what that finished may be used
         */
        T on(OpenDevice device, boolean takesOver);
    }

    /** A device that may serve. */
    record Candidate(ComputeBackend.Provider provider, Device device) {}

    /**
     * Does work on a device. If a GPU that nobody asked for fails, the next device does it.
     *
     * @param compute whose device is "auto", "gpu", id of a device, or id of a backend for its first device
     * @throws Failure if it is unknown or unavailable, or fails; the message says why, and what to do
     */
    static <T> T run(PluginRegistry plugins, Compute compute, Progress progress, Work<T> work) {
        return run(
                candidates(providers(plugins), id -> plugins.find(PluginKind.BACKEND, id), compute.device(), progress),
                compute.threads(),
                progress,
                work);
    }

    /** Does work on the first device that does not fail. */
    static <T> T run(List<Candidate> candidates, int threads, Progress progress, Work<T> work) {
        for (int i = 0; ; i++) {
            Candidate candidate = candidates.get(i);
            try (OpenDevice device = open(candidate, threads)) {
                return work.on(device, i > 0);
            } catch (DeviceException | OutOfMemoryError e) {
                if (!candidate.device.gpu() || i + 1 == candidates.size()) {
                    throw asFailure(e, candidate.device);
                }
                progress.note("The GPU failed: " + e.getMessage() + ". Device '"
                        + candidates.get(i + 1).device.id() + "' goes on from what is finished");
            }
        }
    }

    /**
     * Opens the first device that serves; another one does not take over. The caller closes it.
     *
     * @throws Failure if none serves; the message says why
     */
    static OpenDevice open(PluginRegistry plugins, Compute compute, Progress progress) {
        Candidate first = candidates(
                        providers(plugins), id -> plugins.find(PluginKind.BACKEND, id), compute.device(), progress)
                .getFirst();
        return open(first, compute.threads());
    }

    private static OpenDevice open(Candidate candidate, int threads) {
        return new OpenDevice(
                candidate.provider, candidate.device, threads, candidate.provider.open(candidate.device.id(), threads));
    }

    /** What is said of the host's memory elsewhere helps nobody whose device is full. */
    private static Failure asFailure(Throwable e, Device device) {
        if (e instanceof OutOfMemoryError full && (!device.gpu() || isJavaHeap(full))) {
            throw full;
        }
        return FailureKind.DEVICE.failure(String.valueOf(e.getMessage()), e);
    }

    private static boolean isJavaHeap(OutOfMemoryError e) {
        String message = String.valueOf(e.getMessage());
        return message.startsWith("Java heap space") || message.startsWith("GC overhead");
    }

    /** Every device of every backend, the ones that would be chosen first. */
    public static List<Device> all(PluginRegistry plugins) {
        return providers(plugins).stream()
                .flatMap(provider -> devices(provider, Progress.silent()).stream())
                .toList();
    }

    /**
     * Opens the best linear algebra that is available, whatever device computes the rest.
     *
     * @throws Failure if there is none; the message says why
     */
    public static LinearAlgebra linearAlgebra(PluginRegistry plugins, int threads) {
        return linearAlgebra(plugins).open(threads);
    }

    /** Who opens it. */
    static LinearAlgebra.Provider linearAlgebra(PluginRegistry plugins) {
        List<LinearAlgebra.Provider> providers = plugins.all(PluginKind.LINEAR_ALGEBRA);
        return providers.stream()
                .filter(provider -> provider.probe().available())
                .max(Comparator.comparingInt(Probed::priority))
                .orElseThrow(() -> FailureKind.DEVICE.failure("no linear algebra serves: "
                        + providers.stream().map(Devices::reason).collect(Collectors.joining("; "))));
    }

    /** The devices that may serve, in the order in which they are tried. */
    static List<Candidate> candidates(
            List<ComputeBackend.Provider> providers,
            Function<String, ComputeBackend.Provider> byId,
            String device,
            Progress progress) {
        List<Candidate> found = new ArrayList<>();
        List<ComputeBackend.Provider> passedOver = new ArrayList<>();
        List<String> reasons = new ArrayList<>();
        if (device.equals(AUTO) || device.equals(GPU)) {
            for (ComputeBackend.Provider provider : providers) {
                boolean gpuOnly = device.equals(GPU);
                List<Device> fitting = devices(provider, progress).stream()
                        .filter(one -> gpuOnly ? one.gpu() : one.automatic())
                        .toList();
                fitting.forEach(one -> found.add(new Candidate(provider, one)));
                if (found.isEmpty() && (!gpuOnly || !isHost(provider))) {
                    passedOver.add(provider);
                }
            }
            passedOver.forEach(provider -> reasons.add(reason(provider)));
        } else if (device.contains(":")) {
            providers.forEach(provider -> devices(provider, progress).stream()
                    .filter(one -> one.id().equals(device))
                    .forEach(one -> found.add(new Candidate(provider, one))));
            reasons.add("there is no '" + device + "' (the command 'devices' lists what there is)");
            providers.stream()
                    .filter(provider -> !provider.probe().available())
                    .forEach(provider -> reasons.add(reason(provider)));
        } else {
            ComputeBackend.Provider provider = byId.apply(device);
            provider.devices().stream().limit(1).forEach(one -> found.add(new Candidate(provider, one)));
            reasons.add(reason(provider));
        }
        if (found.isEmpty()) {
            throw FailureKind.DEVICE.failure(
                    "no " + (device.equals(GPU) ? "GPU" : "device") + " serves: " + String.join("; ", reasons));
        }
        Candidate first = found.getFirst();
        Availability availability = first.provider.probe();
        if (!availability.hint().isEmpty()) {
            progress.note("Slow path: " + availability.message() + ". " + availability.hint());
        }
        if (device.equals(AUTO) && !passedOver.isEmpty()) {
            progress.note("Device '" + first.device.id() + "' serves: "
                    + passedOver.stream().map(Devices::shortReason).collect(Collectors.joining(", "))
                    + "; the command 'devices' says more");
        }
        return device.equals(AUTO) ? List.copyOf(found) : List.of(first);
    }

    /** The devices of a provider that nobody asked for: if it is broken, others may serve. */
    private static List<Device> devices(ComputeBackend.Provider provider, Progress progress) {
        try {
            return provider.devices();
        } catch (Failure e) {
            progress.note("Warning: " + e.getMessage());
            return List.of();
        }
    }

    private static String reason(Probed provider) {
        Availability availability = provider.probe();
        String hint = availability.hint().isEmpty() ? "" : " (" + availability.hint() + ")";
        return availability.available()
                ? "'" + provider.id() + "' has no GPU, but " + availability.message()
                : "'" + provider.id() + "' is not available: " + availability.message() + hint;
    }

    /** The reason in a few words: what to do about it is said where devices are listed. */
    private static String shortReason(ComputeBackend.Provider provider) {
        Availability availability = provider.probe();
        return availability.available() ? "'" + provider.id() + "' has no GPU" : availability.message();
    }

    private static boolean isHost(ComputeBackend.Provider provider) {
        return devices(provider, Progress.silent()).stream()
                .anyMatch(device -> device.driver().equals("host"));
    }

    private static List<ComputeBackend.Provider> providers(PluginRegistry plugins) {
        return plugins.all(PluginKind.BACKEND).stream()
                .sorted(Comparator.<Probed>comparingInt(Probed::priority).reversed())
                .toList();
    }
}
