package io.fastforward.nativelibrary;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.cli.FastForward;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What lies in predictable places of the temporary directory is not run, and nothing is unpacked there. */
class PlantedLibraryTest {

    /** Where the tokenizer library, left to itself, and JavaCPP look if the home directory is not writable. */
    private static final List<String> PLANTED = List.of(
            ".djl.ai/tokenizers/0.21.0-0.38.0-cpu-linux-x86_64/libtokenizers.so",
            ".djl.ai/tokenizers/0.21.0-0.38.0-cpu-linux-aarch64/libtokenizers.so",
            ".djl.ai/tokenizers/0.21.0-0.38.0-cpu-osx-aarch64/libtokenizers.dylib",
            "fastforward/tokenizers-0.21.0-0.38.0/libtokenizers.so");

    @TempDir
    private Path directory;

    private Path temporary;
    private Path noHome;

    @SuppressWarnings("NullAway.Init")
    PlantedLibraryTest() {}

    @BeforeEach
    void plant() throws IOException {
        temporary = Files.createDirectory(directory.resolve("tmp"));
        noHome = Files.createFile(directory.resolve("file")).resolve("home"); // cannot be made, not even by root
        for (String name : PLANTED) {
            Path file = temporary.resolve(name);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "planted");
        }
    }

    @Test
    void aPrivateCacheServes() throws Exception {
        Path cache = directory.resolve("cache");
        Run run = generate(Map.of("FASTFORWARD_CACHE", cache.toString()));
        assertThat(run.errors).noneMatch(line -> line.startsWith("fastforward: "));
        assertThat(run.exitCode).isZero();
        assertThat(cache).isDirectoryRecursivelyContaining("glob:**tokenizers.{so,dylib,dll}");
        assertThat(cache.resolve("javacpp")).isNotEmptyDirectory();
        assertThat(filesOf(temporary)).as("nothing is unpacked there").hasSameSizeAs(PLANTED);
    }

    @Test
    void withoutAPlaceThereIsAMessageAndNothingIsLoaded() throws Exception {
        Run run = generate(Map.of());
        assertThat(run.errors.getLast())
                .startsWith("fastforward: native libraries cannot be unpacked to '" + noHome)
                .contains("set the environment variable FASTFORWARD_CACHE");
        assertThat(run.exitCode).isEqualTo(FailureKind.STORAGE.exitCode());
        assertThat(filesOf(temporary)).hasSameSizeAs(PLANTED);
    }

    /** The variables of the libraries themselves name no other place. */
    @Test
    void otherVariablesDoNotCount() throws Exception {
        Path planted = temporary.resolve(".djl.ai");
        Run run = generate(Map.of(
                "DJL_CACHE_DIR", planted.toString(),
                "ENGINE_CACHE_DIR", planted.toString(),
                "DJL_OFFLINE", "false",
                "RUST_LIBRARY_PATH", planted.toString(),
                "FASTFORWARD_CACHE", directory.resolve("cache").toString()));
        assertThat(run.exitCode).as("%s", run.errors).isZero();
        assertThat(filesOf(temporary)).hasSameSizeAs(PLANTED);
    }

    private record Run(int exitCode, List<String> errors) {}

    /** Runs in a process of its own, with a home directory that cannot be, and the planted temporary directory. */
    private Run generate(Map<String, String> environment) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of(
                "--enable-native-access=ALL-UNNAMED",
                "--add-modules=jdk.incubator.vector",
                "-Duser.home=" + noHome,
                "-Djava.io.tmpdir=" + temporary,
                "-Dorg.bytedeco.javacpp.cachedir=" + temporary.resolve("javacpp"),
                "-cp",
                System.getProperty("java.class.path"),
                FastForward.class.getName()));
        command.addAll(List.of("generate", DemoModel.directory().toString(), "--prompt", "a", "--max-tokens", "1"));
        Path errors = directory.resolve("errors");
        var builder = new ProcessBuilder(command)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(errors.toFile());
        builder.environment().keySet().removeAll(List.of("XDG_CACHE_HOME", "FASTFORWARD_CACHE", "DJL_CACHE_DIR"));
        builder.environment().putAll(environment);
        int exitCode = builder.start().waitFor();
        return new Run(exitCode, Files.readAllLines(errors));
    }

    private static List<Path> filesOf(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> !file.toString().contains("hsperfdata"))
                    .toList();
        }
    }
}
