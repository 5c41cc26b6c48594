package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.report.Progress;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Device;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.tensor.DoubleMatrix;
import io.fastforward.testing.Failures;
import java.lang.foreign.Arena;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class DevicesTest {

    private static final Device GPU = new Device("opencl:0", "a GPU", "opencl", 1L << 34, true, true);
    private static final Device EMULATOR = new Device("opencl:1", "an emulator", "opencl", 1L << 30, false, false);
    private static final Device HOST = new Device("cpu", "the CPU", "host", 0, false, true);

    private final List<String> notes = new ArrayList<>();

    /** A provider whose backends do nothing but say their names. */
    private record Fake(String id, int priority, List<Device> devices, Availability probe)
            implements ComputeBackend.Provider {

        static Fake of(String id, int priority, Device... devices) {
            return new Fake(id, priority, List.of(devices), Availability.ready("fine"));
        }

        @Override
        public String description() {
            return "for this test";
        }

        @Override
        public ComputeBackend open(int threads) {
            return open(devices.getFirst().id(), threads);
        }

        @Override
        public ComputeBackend open(String device, int threads) {
            return (ComputeBackend) Proxy.newProxyInstance(
                    Fake.class.getClassLoader(),
                    new Class<?>[] {ComputeBackend.class},
                    (proxy, method, arguments) -> method.getName().equals("device") ? device : null);
        }
    }

    private List<String> tried(String device, Throwable gpuFailure, ComputeBackend.Provider... providers) {
        List<String> tried = new ArrayList<>();
        List<Devices.Candidate> candidates = Devices.candidates(
                List.of(providers),
                id -> List.of(providers).stream()
                        .filter(provider -> provider.id().equals(id))
                        .findFirst()
                        .orElseThrow(),
                device,
                progress());
        Devices.run(candidates, 1, progress(), (open, takesOver) -> {
            ComputeBackend backend = open.backend();
            tried.add(backend.device() + (takesOver ? " takes over" : ""));
            if (backend.device().equals(GPU.id())) {
                if (gpuFailure instanceof Error error) {
                    throw error;
                }
                throw (RuntimeException) gpuFailure;
            }
            return "done";
        });
        return tried;
    }

    private Progress progress() {
        return new Progress() {
            @Override
            public void begin(String stage, long total) {}

            @Override
            public void advance(long done, String detail) {}

            @Override
            public void end(String outcome) {}

            @Override
            public void note(String line) {
                notes.add(line);
            }
        };
    }

    @Test
    void aFailingGpuThatNobodyAskedForGivesWayToTheCpu() {
        assertThat(tried(
                        "auto",
                        new DeviceException("the card fell off the bus", null),
                        Fake.of("tornado", 20, GPU, EMULATOR),
                        Fake.of("cpu", 10, HOST)))
                .containsExactly("opencl:0", "cpu takes over");
        assertThat(notes).singleElement().asString().contains("the card fell off the bus", "'cpu' goes on");
    }

    @Test
    void aGpuThatWasAskedForFailsWithItsMessage() {
        for (String device : List.of("gpu", "opencl:0", "tornado")) {
            assertThatThrownBy(() -> tried(
                            device,
                            new DeviceException("no bfloat16 here", null),
                            Fake.of("tornado", 20, GPU),
                            Fake.of("cpu", 10, HOST)))
                    .isInstanceOf(Failure.class)
                    .hasMessage("no bfloat16 here");
        }
    }

    @Test
    void aFullGpuIsNotAFullHeap() {
        Failures.expect(
                FailureKind.DEVICE,
                () -> tried("gpu", new OutOfMemoryError("no room on the card"), Fake.of("tornado", 20, GPU)),
                "no room on the card");
        var heap = new OutOfMemoryError("Java heap space");
        assertThatThrownBy(() -> tried("gpu", heap, Fake.of("tornado", 20, GPU)))
                .isSameAs(heap);
    }

    @Test
    void otherFailuresDoNotStartAnew() {
        assertThatThrownBy(() -> tried(
                        "auto",
                        FailureKind.BAD_TEXT.failure("too short"),
                        Fake.of("tornado", 20, GPU),
                        Fake.of("cpu", 10, HOST)))
                .hasMessage("too short");
    }

    @Test
    void anEmulatorServesOnlyWhenAskedFor() {
        Fake tornado = Fake.of("tornado", 20, EMULATOR);
        Fake cpu = Fake.of("cpu", 10, HOST);
        RuntimeException unused = new IllegalStateException();
        assertThat(tried("auto", unused, tornado, cpu)).containsExactly("cpu");
        assertThat(notes).containsExactly("Device 'cpu' serves: 'tornado' has no GPU; the command 'devices' says more");
        assertThat(tried("opencl:1", unused, tornado, cpu)).containsExactly("opencl:1");
        Failures.expect(FailureKind.DEVICE, () -> tried("gpu", unused, tornado, cpu), "no GPU serves", "'tornado'");
    }

    @Test
    void whatIsMissingIsSaidOnce() {
        Fake tornado = new Fake("tornado", 20, List.of(), Availability.missing("no SDK", "install one", null));
        Fake cpu = Fake.of("cpu", 10, HOST);
        RuntimeException unused = new IllegalStateException();
        assertThat(tried("auto", unused, tornado, cpu)).containsExactly("cpu");
        assertThat(notes).containsExactly("Device 'cpu' serves: no SDK; the command 'devices' says more");
        Failures.expect(
                FailureKind.DEVICE, () -> tried("gpu", unused, tornado, cpu), "no GPU serves", "no SDK", "install one");
        Failures.expect(FailureKind.DEVICE, () -> tried("cuda:0", unused, tornado, cpu), "no 'cuda:0'", "no SDK");
    }

    @Test
    void theCpuNeedsNoExplanation() {
        String device = Devices.run(
                PluginRegistry.load(null),
                new Compute("cpu", 1, 0),
                progress(),
                (open, takesOver) -> open.backend().device());
        assertThat(device).isNotBlank();
        // Who forces the kernels of OpenBLAS is told so, and the machine of the tests may.
        assertThat(notes)
                .filteredOn(note -> !note.contains("OPENBLAS_CORETYPE"))
                .isEmpty();
    }

    @Test
    void theBestLinearAlgebraServesWhateverTheDevice() {
        try (LinearAlgebra algebra = Devices.linearAlgebra(PluginRegistry.load(null), 1);
                Arena arena = Arena.ofShared()) {
            DoubleMatrix four = DoubleMatrix.allocate(arena, 1, 1);
            four.set(0, 0, 4);
            assertThat(algebra.cholesky(four)).isTrue();
            assertThat(four.get(0, 0)).isEqualTo(2);
        }
    }
}
