package io.fastforward.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.model.Model;
import io.fastforward.plugin.PluginEntry.Broken;
import io.fastforward.spi.Options;
import io.fastforward.spi.measure.Measured;
import io.fastforward.spi.measure.ModuleView;
import io.fastforward.spi.prune.Calibrator;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.testing.Backends;
import io.fastforward.testing.Failures;
import io.fastforward.testing.PluginJar;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.WorkbenchWithoutDevice;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class PluginRegistryTest {

    @TempDir
    Path directory;

    @Test
    void whatComesWithTheApplicationIsFound() {
        PluginRegistry registry = PluginRegistry.load(null);
        assertThat(registry.entries()).allMatch(PluginEntry.Working.class::isInstance);
        assertThat(registry.find(PluginKind.CRITERION, "wanda").id()).isEqualTo("wanda");
        assertThat(registry.find(PluginKind.AGENT, "ppo").id()).isEqualTo("ppo");
        assertThat(registry.find(PluginKind.CALIBRATOR, "ridge").id()).isEqualTo("ridge");
        assertThat(registry.find(PluginKind.BACKEND, "cpu").id()).isEqualTo("cpu");
        assertThat(registry.all(PluginKind.EXECUTOR))
                .extracting(TrialExecutor.Provider::id)
                .containsExactly("local", "process");
    }

    @Test
    void anExternalPluginWorks() {
        Path jar = criterion("by-index").write(directory.resolve("index.jar"));
        PluginRegistry registry = PluginRegistry.load(directory);
        Criterion.Provider provider = registry.find(PluginKind.CRITERION, "by-index");
        Criterion criterion = provider.create(Options.of(provider.options(), Map.of("first", "5")));
        try (Model model = Model.open(new RandomLlama().write(directory.resolve("model")));
                Arena arena = Arena.ofConfined()) {
            ModuleView module = new ModuleView(
                    0, model.spec().layers().getFirst().mlp(), model.layer(0).mlp(), Measured.NOTHING);
            double[] scores = criterion.score(module, 5, new WorkbenchWithoutDevice(Backends.linearAlgebra(), arena));
            assertThat(scores).containsExactly(5, 6, 7, 8, 9, 10, 11, 12, 13, 14);
        }
        assertThat(registry.entries())
                .filteredOn(entry -> entry.origin().equals(jar.toString()))
                .singleElement()
                .isInstanceOfSatisfying(PluginEntry.Working.class, entry -> {
                    assertThat(entry.kind()).isEqualTo("criterion");
                    assertThat(entry.provider()).isSameAs(provider);
                });
        assertThat(registry.find(PluginKind.CRITERION, "wanda")).isNotNull();
    }

    /** Its libraries are its own, and so are ours: it sees the contract and the JDK. */
    @Test
    void anExternalPluginSeesTheContractAlone() throws ClassNotFoundException {
        criterion("by-index").write(directory.resolve("index.jar"));
        Criterion.Provider criterion = PluginRegistry.load(directory).find(PluginKind.CRITERION, "by-index");
        ClassLoader loader = ((CheckedPlugin) criterion).plugin().getClass().getClassLoader();
        assertThat(loader).isNotSameAs(PluginRegistry.class.getClassLoader());
        assertThat(loader.loadClass(Criterion.class.getName())).isSameAs(Criterion.class);
        assertThat(loader.loadClass("java.net.http.HttpClient")).isNotNull();
        for (String hidden : List.of(
                PluginRegistry.class.getName(),
                Model.class.getName(),
                "io.fastforward.criteria.Wanda",
                "com.fasterxml.jackson.databind.ObjectMapper")) {
            assertThatThrownBy(() -> loader.loadClass(hidden)).isInstanceOf(ClassNotFoundException.class);
        }
        assertThat(loader.getResource("demo/config.json")).isNull();
    }

    /** What would be loaded is no class file at all: the version is looked at first. */
    @ParameterizedTest
    @NullSource
    @ValueSource(strings = {"1", "2.0", "", "one"})
    void aJarForAnotherContractIsNotLoaded(String version) {
        Path jar = new PluginJar()
                .spiVersion(version)
                .service(Criterion.Provider.class, "Damaged")
                .entry("Damaged.class", new byte[] {1, 2, 3})
                .write(directory.resolve("old.jar"));
        Broken broken = onlyBroken(PluginRegistry.load(directory));
        assertThat(broken.kind()).isEqualTo("jar");
        assertThat(broken.origin()).isEqualTo(jar.toString());
        assertThat(broken.name()).isEqualTo("old.jar");
        assertThat(broken.reason())
                .contains("FastForward-Spi-Version", version == null ? "nothing" : version, "has version 2");
    }

    @Test
    void aFileThatIsNoJarIsRecorded() throws IOException {
        Files.writeString(directory.resolve("text.jar"), "not a jar");
        Files.writeString(directory.resolve("README.md"), "not looked at");
        PluginRegistry registry = PluginRegistry.load(directory);
        assertThat(onlyBroken(registry).origin()).endsWith("text.jar");
        assertThat(registry.find(PluginKind.CRITERION, "wanda")).isNotNull();
    }

    @Test
    void aProviderThatCannotBeMadeIsRecordedAndTheRestGoesOn() {
        Path broken = criterion("broken", "throw new IllegalStateException(\"no licence\");", description("x"))
                .write(directory.resolve("a-broken.jar"));
        criterion("works").write(directory.resolve("b-works.jar"));
        PluginRegistry registry = PluginRegistry.load(directory);
        assertThat(registry.find(PluginKind.CRITERION, "works")).isNotNull();
        assertThat(onlyBroken(registry)).satisfies(entry -> {
            assertThat(entry.kind()).isEqualTo("criterion");
            assertThat(entry.origin()).isEqualTo(broken.toString());
            assertThat(entry.name()).isEqualTo("ByIndex");
            assertThat(entry.reason()).isEqualTo("IllegalStateException: no licence");
        });
        assertThatThrownBy(() -> registry.find(PluginKind.CRITERION, "broken"))
                .isInstanceOf(Failure.class)
                .hasMessageContainingAll("'broken'", broken.toString(), "no licence", "wanda", "works")
                .hasRootCauseMessage("no licence");
        // Asking for another kind is another matter.
        assertThatThrownBy(() -> registry.find(PluginKind.AGENT, "missing"))
                .isInstanceOf(Failure.class)
                .hasMessageContaining("ppo")
                .hasMessageNotContaining("licence");
    }

    @Test
    void whateverElseIsWrongWithAProviderIsRecorded() {
        expectBroken(new PluginJar().service(Criterion.Provider.class, "Missing"), "Missing");
        expectBroken(
                new PluginJar().service(Criterion.Provider.class, "two words"), "Illegal configuration-file syntax");
        expectBroken(
                new PluginJar().service(Criterion.Provider.class, "Damaged").entry("Damaged.class", new byte[] {1, 2, 3
                }),
                "ClassFormatError");
        expectBroken(
                new PluginJar().service(Criterion.Provider.class, "Other").compiled("Other", "public class Other {}"),
                "Other");
        expectBroken(criterion("Upper Case"), "id 'Upper Case'");
        expectBroken(criterion("by-index", "", description(" ")), "no description");
        expectBroken(criterion("by-index", "", "public String description() { return null; }"), "no description");
        expectBroken(criterion("by-index", "throw new StackOverflowError();", description("x")), "StackOverflowError");
        // Its author leaned on a class of ours.
        expectBroken(
                new PluginJar()
                        .service(Criterion.Provider.class, "Leaning")
                        .compiled(
                                "Leaning",
                                source(
                                        "Leaning",
                                        "leaning",
                                        "io.fastforward.model.Model.open(null);",
                                        description("x")),
                                Model.class),
                "io.fastforward.model.Model");
    }

    /** A service file of nothing but rubbish must not keep us busy. */
    @Test
    void errorsOfOneJarAreLimited() {
        new PluginJar()
                .service(Criterion.Provider.class, "Missing\n".repeat(1000) + lines(500))
                .write(directory.resolve("a.jar"));
        assertThat(PluginRegistry.load(directory).entries().stream()
                        .filter(Broken.class::isInstance)
                        .count())
                .isBetween(1L, 100L);
    }

    @Test
    void twoWithTheSameIdAreAnErrorThatNamesBoth() {
        Path first = criterion("same").write(directory.resolve("a.jar"));
        Path second = criterion("same").write(directory.resolve("b.jar"));
        PluginRegistry registry = PluginRegistry.load(directory);
        Failures.expect(
                FailureKind.PLUGIN,
                () -> registry.find(PluginKind.CRITERION, "same"),
                "'same'",
                first.toString(),
                second.toString());
        assertThat(registry.find(PluginKind.CRITERION, "wanda")).isNotNull();
    }

    @Test
    void noneMayTakeTheIdOfOneOfOurs() {
        Path jar = criterion("wanda").write(directory.resolve("a.jar"));
        PluginRegistry registry = PluginRegistry.load(directory);
        Failures.expect(
                FailureKind.PLUGIN, () -> registry.find(PluginKind.CRITERION, "wanda"), "'wanda'", jar.toString());
    }

    @Test
    void anUnknownIdListsThoseThatExist() {
        PluginRegistry registry = PluginRegistry.load(null);
        Failures.expect(
                FailureKind.PLUGIN,
                () -> registry.find(PluginKind.CALIBRATOR, "rigde"),
                "no calibrator",
                "'rigde'",
                "none, ridge");
        Failures.expect(
                FailureKind.PLUGIN, () -> registry.find(PluginKind.CRITERION, "ridge"), "no criterion", "wanda");
    }

    @Test
    void optionsAreReadAndRefusedByName() {
        PluginRegistry registry = PluginRegistry.load(null);
        Calibrator.Provider ridge = registry.find(PluginKind.CALIBRATOR, "ridge");
        assertThat(PluginRegistry.options(PluginKind.CALIBRATOR, ridge, Map.of("ridge", "1"))
                        .number("ridge"))
                .isEqualTo(1);
        Failures.expect(
                FailureKind.USAGE,
                () -> PluginRegistry.options(PluginKind.CALIBRATOR, ridge, Map.of("rigde", "1")),
                "calibrator 'ridge': no option is called 'rigde'; it has ridge");
        Failures.expect(
                FailureKind.USAGE,
                () -> PluginRegistry.options(PluginKind.CALIBRATOR, ridge, Map.of("ridge", "-1")),
                "calibrator 'ridge': option ridge must be a number of at least 0, but is '-1'");
    }

    @Test
    void aMissingDirectoryIsExplained() {
        Path missing = directory.resolve("missing");
        Failures.expect(FailureKind.NOT_FOUND, () -> PluginRegistry.load(missing), missing.toString());
    }

    private void expectBroken(PluginJar jar, String reason) {
        Path path = jar.write(directory.resolve("one.jar"));
        Broken broken = onlyBroken(PluginRegistry.load(directory));
        assertThat(broken.kind()).isEqualTo("criterion");
        assertThat(broken.origin()).isEqualTo(path.toString());
        assertThat(broken.name() + " " + broken.reason()).contains(reason);
    }

    private static Broken onlyBroken(PluginRegistry registry) {
        List<Broken> broken = registry.entries().stream()
                .filter(Broken.class::isInstance)
                .map(Broken.class::cast)
                .toList();
        assertThat(broken).hasSize(1);
        return broken.getFirst();
    }

    private static String lines(int count) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < count; i++) {
            lines.append("Missing").append(i).append('\n');
        }
        return lines.toString();
    }

    /** A criterion that scores units by their index. */
    private static PluginJar criterion(String id) {
        return criterion(id, "", description("by index"));
    }

    private static PluginJar criterion(String id, String constructor, String description) {
        return new PluginJar()
                .service(Criterion.Provider.class, "ByIndex")
                .compiled("ByIndex", source("ByIndex", id, constructor, description));
    }

    private static String description(String text) {
        return "public String description() { return \"" + text + "\"; }";
    }

    private static String source(String className, String id, String constructor, String description) {
        return """
                import io.fastforward.spi.*;
                import io.fastforward.spi.measure.*;
                import io.fastforward.spi.prune.*;
                import java.util.List;
                import java.util.Set;

                public class %1$s implements Criterion.Provider {
                    public %1$s() { %3$s }
                    public String id() { return "%2$s"; }
                    %4$s
                    public List<OptionSpec> options() {
                        return List.of(OptionSpec.wholeNumber("first", "first score", 0, OptionSpec.Range.ANY));
                    }
                    public Criterion create(Options options) { return new Scores(options.wholeNumber("first")); }
                    record Scores(int first) implements Criterion {
                        public Set<Wish> wishes() { return Set.of(); }
                        public double[] score(ModuleView module, int kept, Workbench workbench) {
                            double[] scores = new double[module.spec().units()];
                            for (int i = 0; i < scores.length; i++) scores[i] = first + i;
                            return scores;
                        }
                    }
                }
                """.formatted(className, id, constructor, description);
    }
}
