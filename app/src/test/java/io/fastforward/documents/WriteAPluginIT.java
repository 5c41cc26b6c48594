package io.fastforward.documents;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of docs/write-a-plugin.md do what the page says, in a copy of this checkout and without a network. */
class WriteAPluginIT {

    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
    private static final Path JAR = ROOT.resolve("app").resolve("target").resolve("fastforward.jar");
    private static final Pattern COMMANDS = Pattern.compile("(?ms)^```sh\n(.*?)^```$");
    private static final Set<String> NOT_COPIED = Set.of(".git", "target", "runs");
    private static final int TIMEOUT_MINUTES = 15;

    @TempDir
    Path directory;

    @Test
    void fromACloneToARunningCriterion() throws Exception {
        Path clone = directory.resolve("clone");
        copyCheckout(clone);
        writeMaven(directory.resolve("bin"), repository(directory.resolve("repository")));
        Path script = Files.writeString(directory.resolve("page.sh"), "set -eux\n" + commands());
        Path output = directory.resolve("output");

        ProcessBuilder bash = new ProcessBuilder("bash", script.toString())
                .directory(clone.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        bash.environment().merge("PATH", directory.resolve("bin") + ":", (path, bin) -> bin + path);
        bash.environment().remove("TORNADOVM_HOME");
        Process process = bash.start();
        boolean ended = process.waitFor(TIMEOUT_MINUTES, TimeUnit.MINUTES);
        process.destroyForcibly();

        assertThat(ended).as(Files.readString(output)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(output)).isZero();
        assertThat(output)
                .content()
                .containsPattern("my-criterion +mean \\|weight\\|")
                .contains("exponent");
        assertThat(directory.resolve("my-demo").resolve("pruned").resolve("model.safetensors"))
                .isRegularFile();
        assertThat(directory.resolve("my-demo").resolve("pruned-run").resolve("manifest.json"))
                .content()
                .contains("my-criterion")
                .contains("1.5");
    }

    private static String commands() throws IOException {
        Matcher blocks = COMMANDS.matcher(Files.readString(ROOT.resolve("docs").resolve("write-a-plugin.md")));
        StringBuilder commands = new StringBuilder();
        while (blocks.find()) {
            commands.append(blocks.group(1));
        }
        assertThat(commands.toString()).contains("mvn").contains("scripts/fastforward prune");
        return commands.toString();
    }

    /** What a clone has, and the jar of this build, which is newer than its sources there, too. */
    private static void copyCheckout(Path clone) throws IOException {
        Files.walkFileTree(ROOT, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path from, BasicFileAttributes attributes) throws IOException {
                if (NOT_COPIED.contains(from.getFileName().toString())) {
                    return FileVisitResult.SKIP_SUBTREE;
                }
                Files.createDirectories(clone.resolve(ROOT.relativize(from)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path from, BasicFileAttributes attributes) throws IOException {
                Files.copy(from, clone.resolve(ROOT.relativize(from)), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
        Path jar = clone.resolve(ROOT.relativize(JAR));
        Files.createDirectories(jar.getParent());
        Files.copy(JAR, jar); // not its time: the directories around it are new, too
    }

    /** Maven's repository as it is, but for our own artifacts: what the page installs must not go where builds see it. */
    private static Path repository(Path repository) throws IOException {
        String own = System.getenv("MAVEN_REPOSITORY");
        Path real = own == null ? Path.of(System.getProperty("user.home"), ".m2", "repository") : Path.of(own);
        link(real, repository, "io");
        link(real.resolve("io"), repository.resolve("io"), "fastforward");
        return repository;
    }

    private static void link(Path from, Path to, String except) throws IOException {
        Files.createDirectories(to);
        List<Path> entries = new ArrayList<>();
        try (Stream<Path> all = Files.list(from)) {
            all.filter(entry -> !entry.endsWith(except)).forEach(entries::add);
        }
        for (Path entry : entries) {
            Files.createSymbolicLink(to.resolve(entry.getFileName()), entry);
        }
    }

    /** A Maven that knows no network. */
    private static void writeMaven(Path bin, Path repository) throws IOException {
        Files.createDirectories(bin);
        Path script = bin.resolve("mvn");
        Files.writeString(script, """
                #!/usr/bin/env bash
                PATH=${PATH#*:}
                exec mvn -o -Dmaven.repo.local='%s' "$@"
                """.formatted(repository));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
}
