package io.fastforward.backend.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fastforward.spi.backend.Availability;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A machine without an SDK: nothing breaks, and the user hears what to install. */
@DisabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class WithoutSdkTest {

    @TempDir
    private Path directory;

    @Test
    void probingSaysWhatToInstall() {
        var provider = new TornadoBackendProvider();
        Availability availability = provider.probe();
        assertThat(availability.available()).isFalse();
        assertThat(availability.message()).contains("TornadoVM");
        assertThat(availability.hint()).contains("TORNADOVM_HOME", "install");
        assertThat(provider.devices()).isEmpty();
        assertThat(provider.drivers().keySet()).contains("opencl", "cuda", "ptx", "spirv");
        assertThat(provider.drivers().values()).allSatisfy(driver -> {
            assertThat(driver.available()).isFalse();
            assertThat(driver.hint()).isNotBlank();
        });
        assertThatIllegalStateException().isThrownBy(() -> provider.open(1)).withMessageContaining("TornadoVM");
    }

    /** The jar holds nothing of TornadoVM's API, so the provider has to do without any of its classes. */
    @Test
    void probingNeedsNoClassOfTheApi() throws IOException, InterruptedException {
        String withoutApi = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("api-stub"))
                .collect(Collectors.joining(File.pathSeparator));
        Path output = directory.resolve("output");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        withoutApi,
                        ProbeWithoutApi.class.getName())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).as(Files.readString(output)).isZero();
        assertThat(Files.readString(output)).contains("api: false", "available: false");
    }
}
