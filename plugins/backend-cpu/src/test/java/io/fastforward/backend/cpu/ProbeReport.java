package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;

/** Prints what the provider says in this process, and whether the backend opens. */
final class ProbeReport {

    private ProbeReport() {}

    public static void main(String[] arguments) {
        var provider = new CpuBackendProvider();
        Availability availability = provider.probe();
        System.out.println("available: " + availability.available());
        System.out.println("message: " + availability.message());
        System.out.println("hint: " + availability.hint());
        try (ComputeBackend backend = provider.open(1)) {
            System.out.println("device: " + backend.device());
        } catch (IllegalStateException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
