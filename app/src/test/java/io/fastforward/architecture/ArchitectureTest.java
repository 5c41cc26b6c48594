package io.fastforward.architecture;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.fastforward.cli.FastForward;
import io.fastforward.spi.Plugin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** How the packages may depend on each other. Every rule fails if it finds nothing to check. */
class ArchitectureTest {

    private static final String ROOT = "io.fastforward.";

    /** The engine's packages in the order in which a run goes through them: each may use those before it. */
    private static final List<String> ORDER = List.of(
            "failure",
            "nativelibrary",
            "json",
            "checkpoint",
            "tokenizer",
            "model",
            "forward",
            "nested",
            "search",
            "worker",
            "prune",
            "export",
            "evaluate",
            "zeroshot",
            "generate",
            "report",
            "settings",
            "record",
            "page",
            "run.stage",
            "run",
            "batch",
            "cli");

    /** Stands beside the order: it uses the first two alone, and runs and commands use it. */
    private static final String PLUGIN = "plugin";

    /** The engine: what lies where the tests found its main class. */
    private static final JavaClasses APP = new ClassFileImporter()
            .importUrl(FastForward.class.getProtectionDomain().getCodeSource().getLocation());

    private static final JavaClasses SPI = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages(Plugin.class.getPackageName());

    @Test
    void everyPackageHasItsPlace() {
        assertThat(APP.stream()
                        .map(type -> type.getPackageName().substring(ROOT.length()))
                        .collect(Collectors.toSet()))
                .containsExactlyInAnyOrderElementsOf(
                        Stream.concat(ORDER.stream(), Stream.of(PLUGIN)).toList());
    }

    @Test
    void everyPackageIsExplained() throws IOException {
        String document = Files.readString(Path.of("..", "docs", "architecture.md"));
        assertThat(Stream.concat(ORDER.stream(), Stream.of(PLUGIN)))
                .allSatisfy(name -> assertThat(document).contains("`" + name + "`"));
    }

    @Test
    void packagesUseOnlyThoseBeforeThem() {
        for (int i = 0; i < ORDER.size() - 1; i++) {
            noClasses()
                    .that()
                    .resideInAPackage(ROOT + ORDER.get(i))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(names(ORDER.subList(i + 1, ORDER.size())))
                    .check(APP);
        }
    }

    @Test
    void pluginsAreLoadedByRunsAndCommandsAlone() {
        noClasses()
                .that()
                .resideOutsideOfPackages(names(List.of(PLUGIN, "run", "batch", "cli")))
                .should()
                .dependOnClassesThat()
                .resideInAPackage(ROOT + PLUGIN)
                .check(APP);
        noClasses()
                .that()
                .resideInAPackage(ROOT + PLUGIN)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(names(ORDER.subList(2, ORDER.size())))
                .check(APP);
    }

    /** Budget and search are about numbers of units: they know neither models nor files, but write their records. */
    @Test
    void theSearchStandsAlone() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + "search")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(names(ORDER.stream()
                        .filter(name -> !List.of("failure", "json", "search").contains(name))
                        .toList()))
                .check(APP);
    }

    @Test
    void noPackagesUseEachOther() {
        slices().matching(ROOT + "(*)..").should().beFreeOfCycles().check(APP);
    }

    /** The defaults have no private door: they are found like any other plugin. */
    @Test
    void theEngineDoesNotKnowItsPlugins() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        ROOT + "agents..",
                        ROOT + "criteria..",
                        ROOT + "sparsifiers..",
                        ROOT + "calibrators..",
                        ROOT + "gguf..",
                        ROOT + "backend..")
                .check(APP);
    }

    @Test
    void theContractDependsOnNothing() {
        classes()
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "org.jspecify.annotations", ROOT + "spi..")
                .check(SPI);
    }

    @Test
    void onlyCommandsWriteToTheTerminal() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + "cli")
                .should(ACCESS_STANDARD_STREAMS)
                .check(APP);
        noClasses().should(ACCESS_STANDARD_STREAMS).check(SPI);
    }

    /** What needs more is a record that says what the values are, or two classes. */
    @Test
    void constructorsTakeSixValuesAtMost() {
        for (JavaClasses classes : List.of(APP, SPI)) {
            assertThat(classes.stream()
                            .filter(type -> !type.isRecord() && !type.isEnum() && !type.isAnonymousClass())
                            .flatMap(type -> type.getConstructors().stream())
                            .filter(constructor ->
                                    constructor.getRawParameterTypes().size() > 6)
                            .map(JavaConstructor::getFullName))
                    .isEmpty();
            assertThat(classes).isNotEmpty();
        }
    }

    @Test
    void nothingStaticChanges() {
        fields().that().areStatic().should().beFinal().check(APP);
        fields().that().areStatic().should().beFinal().check(SPI);
    }

    private static String[] names(List<String> packages) {
        return packages.stream().map(name -> ROOT + name).toArray(String[]::new);
    }
}
