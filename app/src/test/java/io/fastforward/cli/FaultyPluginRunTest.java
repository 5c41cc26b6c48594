package io.fastforward.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.FaultyPlugins;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A run with a plugin that does not keep to its contract ends with the plugins' exit code and without an output. */
class FaultyPluginRunTest {

    @TempDir
    private static Path plugins;

    @TempDir
    private Path directory;

    @BeforeAll
    static void write() {
        FaultyPlugins.write(plugins);
    }

    @ParameterizedTest
    @CsvSource({
        "criterion, nan, '', NaN for unit 0",
        "criterion, infinite, '', expected a finite number",
        "criterion, many, '', expected",
        "criterion, null, '', gave null",
        "criterion, stack, '', StackOverflowError",
        "criterion, bad-constructor, '', OutOfMemoryError",
        "agent, agents, batch-0, batch size of 0",
        "agent, agents, save-null, gave null",
        "agent, agents, propose-short, finite scores",
        "calibrator, calibrators, nan, NaN or infinite",
        "calibrator, calibrators, few-rows, expected",
        "executor, executors, loses, returned 0 results",
        "executor, executors, close, no licence",
    })
    void prune(String kind, String id, String fault, String words) {
        Path output = directory.resolve("out");
        SmallRun small = SmallRun.into(output);
        List<String> options = fault.isEmpty() ? List.of() : List.of("--option", kind + ".fault=" + fault);
        new SmallRun(small.model(), small.options(), options)
                .with("--plugins", plugins)
                .with("--" + kind, id)
                .run()
                .isRefused(FailureKind.PLUGIN, kind, "'" + id + "'", "faulty.jar", words);
        assertThat(output).doesNotExist();
    }

    @Test
    void backends() {
        for (String device : List.of("backends", "backend-opening", "backend-computing")) {
            evaluate(device).isRefused(FailureKind.PLUGIN, "backend '" + device + "'", "faulty.jar");
        }
        // Nobody asked for one of those, and one of them would come first.
        CommandRun run = evaluate("auto").succeeds();
        assertThat(run.errors()).anyMatch(line -> line.contains("backend 'backends'") && line.contains("no licence"));
    }

    @Test
    void lists() {
        assertThat(CommandRun.of("plugins", "--plugins", plugins.toString())
                        .succeeds()
                        .text())
                .contains("broken: IllegalStateException: its options are null", "not available: backend 'backends'");
        assertThat(CommandRun.of("devices", "--plugins", plugins.toString())
                        .succeeds()
                        .text())
                .contains("backends missing: backend 'backends'", "faulty.jar");
    }

    private static CommandRun evaluate(String device) {
        Path demo = DemoModel.directory();
        return CommandRun.of(
                "evaluate",
                demo.toString(),
                "--text",
                demo.resolve("validation.txt").toString(),
                "--text-unit=line",
                "--window=32",
                "--windows=1",
                "--plugins=" + plugins,
                "--device=" + device);
    }
}
