package io.fastforward.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.fastforward.backend.cpu.algebra.OpenBlas;
import io.fastforward.backend.cpu.algebra.OpenBlasLinearAlgebraProvider;
import io.fastforward.backend.cpu.algebra.PlainLinearAlgebraProvider;
import io.fastforward.backend.cpu.kernel.RowKernels;
import io.fastforward.spi.backend.Availability;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.LinearAlgebra;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpuBackendProviderTest {

    private static final String VECTOR_API = "--add-modules=" + RowKernels.VECTOR_MODULE;

    @TempDir
    private Path directory;

    @Test
    void theServiceLoaderFindsBothProviders() {
        assertThat(ServiceLoader.load(ComputeBackend.Provider.class).stream()
                        .map(provider -> provider.get().id()))
                .containsExactlyInAnyOrder("cpu", "plain-java");
        assertThat(new CpuBackendProvider().priority()).isGreaterThan(new PlainJavaBackendProvider().priority());
    }

    @Test
    void theServiceLoaderFindsLinearAlgebraWithAndWithoutALibrary() {
        assertThat(ServiceLoader.load(LinearAlgebra.Provider.class).stream()
                        .map(provider -> provider.get().id()))
                .containsExactlyInAnyOrder("openblas", "plain-java");
        assertThat(new OpenBlasLinearAlgebraProvider().priority())
                .isGreaterThan(new PlainLinearAlgebraProvider().priority());
    }

    @Test
    void readyNamesTheLibrary() {
        Availability availability = new CpuBackendProvider().probe();
        assertThat(availability.available()).isTrue();
        assertThat(availability.message()).contains("OpenBLAS", "kernels for");
    }

    @Test
    void aBackendNeedsAThread() {
        assertThatIllegalArgumentException().isThrownBy(() -> new CpuBackendProvider().open(0));
        assertThatIllegalArgumentException().isThrownBy(() -> new PlainJavaBackendProvider().open(0));
    }

    @Test
    void aForcedProcessorIsReportedAsSlow() throws Exception {
        assertThat(report(List.of(VECTOR_API), Map.of(OpenBlas.CORE_TYPE_VARIABLE, "Generic")))
                .contains("available: true", "OPENBLAS_CORETYPE=Generic", "hint: unset OPENBLAS_CORETYPE", "device: ");
    }

    @Test
    void aJavaWithoutTheVectorApiIsReportedAsSlowButServes() throws Exception {
        assertThat(report(List.of(), Map.of()))
                .contains("available: true", "without the module jdk.incubator.vector")
                .contains("hint: start Java with --add-modules jdk.incubator.vector")
                .contains("device: ", "plain Java loops");
    }

    @Test
    void aMachineWithoutAPlaceForTheLibraryIsReportedAsMissing() throws Exception {
        // JavaCPP tries its cache directory, the home directory and the temporary one; nothing fits below a file.
        Path file = Files.createFile(directory.resolve("file"));
        List<String> options = List.of(
                VECTOR_API,
                "-Dorg.bytedeco.javacpp.cachedir=" + file.resolve("cache"),
                "-Duser.home=" + file.resolve("home"),
                "-Djava.io.tmpdir=" + file.resolve("temporary"));
        assertThat(report(options, Map.of()))
                .contains("available: false", "hint: ", "FASTFORWARD_CACHE", "refused: OpenBLAS is not available")
                .contains("bf16: false, no bfloat16 here: ");
    }

    @Test
    void withoutTheNativesOfOneDnnSinglePrecisionServes() throws Exception {
        String classPath = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !entry.contains("dnnl"))
                .collect(Collectors.joining(File.pathSeparator));
        assertThat(report(List.of(VECTOR_API), Map.of(), classPath))
                .contains("available: true", "device: ")
                .containsPattern(
                        "bf16: false, no bfloat16 here: .*(is not in the class path|comes for linux-x86_64 only)");
    }

    @Test
    void aPrecisionThatDoesNotServeIsRefused() {
        var provider = new CpuBackendProvider();
        PrecisionSupport support = provider.support("cpu", Precision.BFLOAT16);
        assertThat(provider.support("cpu", Precision.BFLOAT16)).isEqualTo(support);
        assertThat(provider.support("other", Precision.BFLOAT16).available()).isFalse();
        assertThatIllegalArgumentException().isThrownBy(() -> provider.open("other", 1, Precision.SINGLE));
        assertThatIllegalStateException().isThrownBy(() -> provider.open("other", 1, Precision.BFLOAT16));
        if (support.available()) {
            assertThatIllegalArgumentException().isThrownBy(() -> provider.open("cpu", 0, Precision.BFLOAT16));
        }
    }

    /** The report of a fresh process, since a library loads only once. */
    private String report(List<String> options, Map<String, String> environment)
            throws IOException, InterruptedException {
        return report(options, environment, System.getProperty("java.class.path"));
    }

    private String report(List<String> options, Map<String, String> environment, String classPath)
            throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        command.addAll(options);
        command.addAll(List.of("-cp", classPath, ProbeReport.class.getName()));
        Path output = directory.resolve("output");
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().remove(OpenBlas.CORE_TYPE_VARIABLE);
        builder.environment().putAll(environment);
        assertThat(builder.start().waitFor()).as("exit code").isZero();
        return Files.readString(output);
    }
}
