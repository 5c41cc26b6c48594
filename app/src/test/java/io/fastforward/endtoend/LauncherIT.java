package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LauncherIT {

    @TempDir
    private Path directory;

    @Test
    void theJarBringsAllPlugins() throws IOException {
        Launcher.Finished run = Launcher.in(directory).run("plugins", "--json").succeeds();
        JsonNode plugins = new ObjectMapper().readTree(run.text());
        List<String> ids = new ArrayList<>();
        plugins.forEach(plugin -> {
            ids.add(plugin.get("kind").textValue() + " " + plugin.get("id").textValue());
            String status = plugin.get("status").textValue();
            boolean needsAnSdk = plugin.get("id").textValue().equals("tornado");
            assertThat(status).startsWith(needsAnSdk && !status.startsWith("ready") ? "not available: " : "ready");
        });
        assertThat(ids)
                .contains(
                        "criterion wanda",
                        "criterion magnitude",
                        "criterion fluctuation",
                        "agent ppo",
                        "agent random",
                        "agent threshold",
                        "agent uniform",
                        "calibrator ridge",
                        "calibrator none",
                        "backend cpu",
                        "backend plain-java",
                        "backend tornado",
                        "linear-algebra openblas",
                        "linear-algebra plain-java",
                        "executor local");
    }

    /** What to compile against is no part of what runs: the SDK brings its own. */
    @Test
    void theJarHoldsNothingOfTheTornadoVmApi() throws IOException {
        try (JarFile jar = new JarFile(Path.of("target", "fastforward.jar").toFile())) {
            assertThat(jar.stream().map(JarEntry::getName))
                    .anyMatch(name -> name.equals("io/fastforward/backend/tornado/kernel/ProductKernel.class"))
                    .noneMatch(name -> name.startsWith("uk/ac/manchester/"));
        }
    }

    @Test
    void devicesAreListedWithWhatIsMissing() throws IOException {
        JsonNode report = new ObjectMapper()
                .readTree(Launcher.in(directory)
                        .run("devices", "--json")
                        .succeeds()
                        .text());
        assertThat(report.get("devices").findValuesAsText("id")).contains("cpu", "plain-java");
        assertThat(report.get("missing")).isNotEmpty().allSatisfy(missing -> {
            assertThat(missing.get("reason").textValue()).isNotBlank();
            assertThat(missing.get("hint").textValue()).isNotBlank();
        });
    }

    @Test
    void itWorksThroughALinkFromADirectoryWithASpace() throws IOException {
        Path spaced = Files.createDirectory(directory.resolve("über all"));
        Path link = Files.createSymbolicLink(spaced.resolve("my fastforward"), Launcher.script());
        Launcher launcher = Launcher.at(link, spaced);
        Launcher.Finished demo = launcher.run(tinyDemo()).succeeds();
        assertThat(demo.text())
                .containsSubsequence("dense", "uniform", "uniform + ridge", "Pruned model: fastforward-demo/pruned");
        assertThat(demo.errors()).anyMatch(line -> line.startsWith("Warning: ridge learns from"));
        String inspect = demo.output().get(demo.output().indexOf("Try next:") + 1);
        assertThat(launcher.startProgram(List.of("bash", "-c", inspect))
                        .await()
                        .succeeds()
                        .text())
                .contains("30.", "of the layers' linear parameters were removed", "█");
        assertThat(launcher.run(tinyDemo("--resume")).succeeds().errors())
                .anyMatch(line -> line.contains("run is complete"));
        launcher.run(tinyDemo("--output", "fastforward-demo"))
                .isRefused(FailureKind.OUTPUT_NOT_EMPTY, "fastforward-demo/pruned");
        assertThat(spaced).isDirectoryNotContaining("glob:**-2");
    }

    private static String[] tinyDemo(String... more) {
        List<String> arguments = new ArrayList<>(List.of(
                "prune",
                "--demo",
                "--agent=uniform",
                "--window=64",
                "--scoring-windows=2",
                "--repair-windows=2",
                "--reward-windows=1",
                "--evaluation-windows=1",
                "--most-tasks=1"));
        arguments.addAll(List.of(more));
        return arguments.toArray(String[]::new);
    }

    @Test
    void failuresHaveTheirExitCodes() {
        Launcher launcher = Launcher.in(directory);
        launcher.run("inspect", "nowhere").isRefused(FailureKind.NOT_FOUND, "'nowhere'");
        launcher.run("prune", "--demo", "--sparsity", "2").isRefused(FailureKind.USAGE, "--sparsity");
        assertThat(directory).isEmptyDirectory();
    }
}
