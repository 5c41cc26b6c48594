package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicOutputTest {

    @TempDir
    private Path directory;

    @Test
    void aCommittedDirectoryAppearsAsAWhole() throws IOException {
        Path parent = directory.resolve("parent");
        Path target = parent.resolve("out");
        try (AtomicDirectory output = AtomicDirectory.create(target)) {
            assertThat(output.path()).isEmptyDirectory().hasParent(parent);
            assertThat(output.path().getFileName().toString()).startsWith("out.partial-");
            Files.createDirectory(output.path().resolve("sub"));
            Files.writeString(output.path().resolve("sub/file"), "text");
            assertThat(target).doesNotExist();
            output.commit();
            assertThatThrownBy(output::commit).isInstanceOf(IllegalStateException.class);
        }
        assertThat(target.resolve("sub/file")).hasContent("text");
        assertThat(children(parent)).containsExactly(target);
    }

    @Test
    void anEmptyTargetIsReplaced() throws IOException {
        Path target = Files.createDirectory(directory.resolve("out"));
        try (AtomicDirectory output = AtomicDirectory.create(target)) {
            Files.writeString(output.path().resolve("file"), "text");
            output.commit();
        }
        assertThat(target.resolve("file")).hasContent("text");
    }

    @Test
    void aLinkToAnEmptyTargetStaysALink() throws IOException {
        Path target = Files.createDirectory(directory.resolve("out"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), target);
        try (AtomicDirectory output = AtomicDirectory.create(link)) {
            Files.writeString(output.path().resolve("file"), "text");
            output.commit();
        }
        assertThat(link).isSymbolicLink();
        assertThat(target.resolve("file")).hasContent("text");
    }

    @Test
    void nothingStaysWithoutACommit() throws IOException {
        Path precious = Files.writeString(directory.resolve("precious"), "text");
        try (AtomicDirectory output = AtomicDirectory.create(directory.resolve("out"))) {
            Files.createDirectory(output.path().resolve("sub"));
            Files.writeString(output.path().resolve("sub/file"), "text");
            Files.createSymbolicLink(output.path().resolve("link"), directory); // must not be followed
        }
        assertThat(children(directory)).containsExactly(precious);
    }

    @Test
    void aTargetThatHoldsSomethingIsRefused() throws IOException {
        Path target = Files.createDirectory(directory.resolve("out"));
        Path file = Files.writeString(target.resolve("file"), "text");
        for (Path path : List.of(target, file)) {
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY, () -> AtomicDirectory.create(path), path.toString(), "not an empty");
        }
        assertThat(file).hasContent("text");
        assertThat(children(directory)).containsExactly(target);
    }

    @Test
    void aTargetThatWasFilledMeanwhileIsKept() throws IOException {
        Path target = directory.resolve("out");
        try (AtomicDirectory output = AtomicDirectory.create(target)) {
            Files.createDirectory(target);
            Files.writeString(target.resolve("file"), "theirs");
            Failures.expect(FailureKind.OUTPUT_NOT_EMPTY, output::commit, target.toString());
        }
        assertThat(target.resolve("file")).hasContent("theirs");
        assertThat(children(directory)).containsExactly(target);
    }

    @Test
    void aTargetBelowAFileIsRefused() throws IOException {
        Path file = Files.writeString(directory.resolve("file"), "text");
        Failures.expect(FailureKind.STORAGE, () -> AtomicDirectory.create(file.resolve("out")), "cannot write");
    }

    @Test
    void aFileIsReplacedAsAWhole() throws IOException {
        Path file = directory.resolve("file");
        AtomicFile.write(file, "long old text".getBytes(StandardCharsets.UTF_8));
        AtomicFile.write(file, "new".getBytes(StandardCharsets.UTF_8));
        assertThat(file).hasContent("new");
        AtomicFile.write(file, new byte[0]);
        assertThat(file).isEmptyFile();
        assertThat(children(directory)).containsExactly(file);
    }

    @Test
    void aFileThatCannotBeWrittenLeavesNothing() throws IOException {
        Path target = Files.createDirectory(directory.resolve("directory"));
        Files.writeString(target.resolve("file"), "text");
        Failures.expect(FailureKind.STORAGE, () -> AtomicFile.write(target, new byte[1]), "cannot write '" + target);
        Path nowhere = directory.resolve("nothing/file");
        Failures.expect(
                FailureKind.STORAGE, () -> AtomicFile.write(nowhere, new byte[1]), "cannot write '" + nowhere, "exist");
        assertThat(children(directory)).containsExactly(target);
    }

    private static List<Path> children(Path parent) throws IOException {
        try (Stream<Path> children = Files.list(parent)) {
            return children.toList();
        }
    }
}
