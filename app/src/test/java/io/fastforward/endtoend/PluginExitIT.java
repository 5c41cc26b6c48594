package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.FaultyPlugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A plugin that ends the process, with the exit code of success, is found out. */
class PluginExitIT {

    private static final String[] WORDS = {"Faulty", "faulty.jar", "System.exit"};

    @TempDir
    private static Path plugins;

    @TempDir
    private Path directory;

    @BeforeAll
    static void write() {
        FaultyPlugins.write(plugins);
    }

    @ParameterizedTest
    @ValueSource(strings = {"exit", "exit-elsewhere"})
    void whileScoring(String criterion) {
        prune("--criterion=" + criterion).isRefused(FailureKind.PLUGIN, WORDS);
    }

    /** The output has been begun by then. */
    @Test
    void whileWriting() throws IOException {
        prune("--calibrator=calibrators", "--option=calibrator.fault=exit-later")
                .isRefused(FailureKind.PLUGIN, WORDS);
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> String.valueOf(file.getFileName()))).containsExactly("out-run");
        }
    }

    @Test
    void inOtherCommands() {
        Path demo = DemoModel.directory();
        Launcher.in(directory)
                .run(
                        "evaluate",
                        demo.toString(),
                        "--text=" + demo.resolve("validation.txt"),
                        "--plugins=" + plugins,
                        "--device=backend-exit")
                .isRefused(FailureKind.PLUGIN, WORDS);
        Launcher.in(directory)
                .run("generate", demo.toString(), "--prompt=Once", "--plugins=" + plugins, "--device=backend-exit")
                .isRefused(FailureKind.PLUGIN, WORDS);
    }

    /** Nor does a signal end what waits for it. */
    @Test
    void aHookThatDoesNotEndIsNotWaitedFor() {
        Launcher.Finished run = prune("--criterion=hook");
        assertThat(run.exitCode()).isEqualTo(FailureKind.PLUGIN.exitCode());
        assertThat(run.errors()).anyMatch(line -> line.contains("left a hook"));
        assertThat(run.errors().getLast()).contains("takes too long");
    }

    private Launcher.Finished prune(String... more) {
        String[] plugin = Stream.concat(Stream.of("--plugins=" + plugins), Stream.of(more))
                .toArray(String[]::new);
        return Launcher.in(directory).run(SmallPrune.into(directory.resolve("out"), plugin));
    }
}
