package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;

/** Prints what the provider says in this process, and whether the backend opens. */
final class ProbeReport {

    private ProbeReport() {}

    public static void main(String[] arguments) {
        var provider = new CpuBackendProvider();
        Availability availability = provider.probe();
        System.out.println("available: " + availability.available());
        System.out.println("message: " + availability.message());
        System.out.println("hint: " + availability.hint());
        PrecisionSupport support = provider.support("cpu", Precision.BFLOAT16);
        System.out.println("bf16: " + support.available() + ", " + support.message());
        try (ComputeBackend backend = provider.open(1)) {
            System.out.println("device: " + backend.device());
        } catch (IllegalStateException e) {
            System.out.println("refused: " + e.getMessage());
        }
    }
}
