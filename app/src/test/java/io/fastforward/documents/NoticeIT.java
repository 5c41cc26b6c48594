package io.fastforward.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.jar.JarFile;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;

/** What the jar carries of others is named in NOTICE, with its licence. Reads the packaged jar. */
class NoticeIT {

    private static final Path ROOT = Path.of("..");
    private static final Path JAR = Path.of("target", "fastforward.jar");

    /** Ours, and what is about the jar itself; what Maven says of a dependency is looked at by itself. */
    private static final List<String> OURS = List.of("io/fastforward/", "demo/", "page/", "META-INF/");

    private static final Pattern DEPENDENCY = Pattern.compile("META-INF/maven/([^/]+)/([^/]+)/pom.xml");

    /** An entry's line of that name, and those that go on with it. */
    private static Pattern lines(String name) {
        return Pattern.compile("(?m)^  " + name + ": +(.*(?:\\n {14}.*)*)");
    }

    @Test
    void everyDependencyIsNamed() throws IOException {
        List<String> named = listed("Maven");
        List<String> carried = new ArrayList<>();
        for (String entry : entries()) {
            Matcher dependency = DEPENDENCY.matcher(entry);
            if (dependency.matches() && !dependency.group(1).equals("io.fastforward")) {
                carried.add(dependency.group(1) + ":" + dependency.group(2));
            }
        }
        assertThat(carried).isNotEmpty().isSubsetOf(named);
    }

    /** Some dependencies do not say what they are: their files must be covered, too. */
    @Test
    void everyFileBelongsToWhatIsNamed() throws IOException {
        List<String> places = listed("In the jar");
        assertThat(entries())
                .filteredOn(startsWithNoneOf(OURS))
                .isNotEmpty()
                .filteredOn(startsWithNoneOf(places))
                .as("files in the jar that are under nothing of what NOTICE lists as 'In the jar'")
                .isEmpty();
    }

    @Test
    void nothingIsNamedThatIsNotThere() throws IOException {
        List<String> entries = entries();
        assertThat(listed("In the jar"))
                .isNotEmpty()
                .allMatch(place -> entries.stream().anyMatch(entry -> entry.startsWith(place)));
    }

    @Test
    void theJarHasTheLicences() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            for (String name : List.of(
                    "LICENSE", "NOTICE", "licenses/GPL-3.0", "licenses/GCC-exception-3.1", "licenses/LGPL-2.1")) {
                ZipEntry entry = jar.getEntry("META-INF/" + name);
                assertThat(entry).as(name).isNotNull();
                assertThat(jar.getInputStream(entry).readAllBytes())
                        .as(name)
                        .isEqualTo(Files.readAllBytes(ROOT.resolve(name)));
            }
            for (String name : List.of("FastDoubleParser-LICENSE", "Schubfach-LICENSE")) {
                assertThat(jar.getEntry("META-INF/" + name)).as(name).isNotNull();
            }
        }
    }

    private static Predicate<String> startsWithNoneOf(List<String> beginnings) {
        return entry -> beginnings.stream().noneMatch(entry::startsWith);
    }

    private static List<String> entries() throws IOException {
        try (JarFile jar = new JarFile(JAR.toFile())) {
            return jar.stream()
                    .filter(entry -> !entry.isDirectory())
                    .map(ZipEntry::getName)
                    .toList();
        }
    }

    private static List<String> listed(String name) throws IOException {
        TreeSet<String> listed = new TreeSet<>();
        Matcher lines = lines(name).matcher(Files.readString(ROOT.resolve("NOTICE")));
        while (lines.find()) {
            listed.addAll(List.of(lines.group(1).split(",\\s*")));
        }
        return List.copyOf(listed);
    }
}
