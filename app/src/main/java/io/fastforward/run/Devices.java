package io.fastforward.run;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.Availability;
import io.fastforward.spi.ComputeBackend;
import java.util.Comparator;
import java.util.List;

/** Chooses and opens the backend that serves a run. */
public final class Devices {

    private Devices() {}

    /**
     * Opens a backend.
     *
     * @param device id of a backend, or "auto": the available one of highest priority
     * @throws Failure if it is unknown or unavailable; the message says why, and what to do
     */
    public static ComputeBackend open(PluginRegistry plugins, String device, int threads, Progress progress) {
        List<ComputeBackend.Provider> candidates = device.equals("auto")
                ? plugins.all(PluginKind.BACKEND).stream()
                        .sorted(Comparator.comparingInt(ComputeBackend.Provider::priority)
                                .reversed())
                        .toList()
                : List.of(plugins.find(PluginKind.BACKEND, device));
        StringBuilder reasons = new StringBuilder();
        for (ComputeBackend.Provider candidate : candidates) {
            Availability availability = candidate.probe();
            if (availability.available()) {
                if (!availability.hint().isEmpty()) {
                    progress.note("Slow path: " + availability.message() + ". " + availability.hint());
                }
                if (!reasons.isEmpty()) {
                    progress.note("Device '" + candidate.id() + "' serves, because" + reasons);
                }
                return candidate.open(threads);
            }
            reasons.append(" '")
                    .append(candidate.id())
                    .append("' is not available: ")
                    .append(availability.message());
            if (!availability.hint().isEmpty()) {
                reasons.append(" (").append(availability.hint()).append(')');
            }
            reasons.append(';');
        }
        throw new Failure(FailureKind.DEVICE, "no device serves:" + reasons);
    }
}
