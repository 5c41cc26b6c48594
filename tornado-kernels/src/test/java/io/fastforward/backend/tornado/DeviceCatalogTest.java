package io.fastforward.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.spi.backend.Device;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class DeviceCatalogTest {

    private static Device device(String backend, int index, boolean gpu) {
        return new Device(backend + ":" + index, "a device", backend, 1L << 30, gpu, gpu);
    }

    @Test
    void gpusComeFirstAndTheBestBackendOfACardFirstAmongThem() {
        assertThat(Stream.of(
                                device("opencl", 0, false),
                                device("new", 0, true),
                                device("ptx", 0, true),
                                device("opencl", 1, true),
                                device("cuda", 0, true),
                                device("cuda", 1, true))
                        .sorted(DeviceCatalog.BEST_FIRST)
                        .map(Device::id))
                .containsExactly("cuda:0", "cuda:1", "opencl:1", "ptx:0", "new:0", "opencl:0");
    }
}
