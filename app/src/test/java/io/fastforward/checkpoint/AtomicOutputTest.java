package io.fastforward.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AtomicOutputTest {

    @TempDir
    private Path directory;

    @Test
    void aCommittedDirectoryAppearsAsAWhole() throws IOException {
        Path parent = directory.resolve("parent");
        Path target = parent.resolve("out");
        try (AtomicDirectory output = AtomicDirectory.create(target)) {
            assertThat(output.path()).isEmptyDirectory();
            Path partial = Objects.requireNonNull(output.path().getParent());
            assertThat(partial).hasParent(parent);
            assertThat(partial.getFileName().toString()).startsWith("out.partial-");
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
    void aLinkToNothingIsKept() throws IOException {
        Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("nowhere"));
        assertThatThrownBy(() -> AtomicDirectory.create(link))
                .isInstanceOf(Failure.class)
                .hasMessageContainingAll("link", "nowhere", "does not exist");
        assertThat(link).isSymbolicLink();
    }

    /** As the system goes, not as the text of the path reads. */
    @Test
    void dotsBehindALinkLeadOutOfWhereItLeads() throws IOException {
        Path sub = Files.createDirectories(directory.resolve("real/sub"));
        Path link = Files.createSymbolicLink(directory.resolve("link"), sub);
        try (AtomicDirectory output = AtomicDirectory.create(link.resolve("../out"))) {
            output.commit();
        }
        assertThat(directory.resolve("real/out")).isDirectory();
        assertThat(directory.resolve("out")).doesNotExist();
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

    /** At every place at which a process can be killed. */
    @ParameterizedTest
    @ValueSource(strings = {"directory made", "lock made", "lock signed", "writing", "committed"})
    void whatAKilledProcessLeftIsDeleted(String killed) throws IOException {
        Path target = directory.resolve("out");
        Path abandoned = Files.createDirectory(directory.resolve("out.partial-0123abcd"));
        Path lock = abandoned.resolve("process.lock");
        switch (killed) {
            case "lock made" -> Files.createFile(lock);
            case "lock signed", "committed" -> Files.write(lock, signedLock());
            case "writing" -> {
                Files.write(lock, signedLock());
                Files.createDirectories(abandoned.resolve("contents/sub"));
                Files.writeString(abandoned.resolve("contents/sub/model.safetensors.partial-01234567"), "half");
            }
            default -> {}
        }
        AtomicDirectory.deleteAbandoned(target);
        assertThat(directory).isEmptyDirectory();
    }

    @Test
    void theNextOutputDeletesItToo() throws IOException {
        Path abandoned = Files.createDirectory(directory.resolve("out.partial-0123abcd"));
        Files.write(abandoned.resolve("process.lock"), signedLock());
        Path target = directory.resolve("out");
        try (AtomicDirectory output = AtomicDirectory.create(target)) {
            assertThat(abandoned).doesNotExist();
            output.commit();
        }
        assertThat(children(directory)).containsExactly(target);
    }

    /** The process was killed right after its output was complete. */
    @Test
    void whoIsRefusedDeletesItToo() throws IOException {
        Path target = Files.createDirectory(directory.resolve("out"));
        Files.writeString(target.resolve("file"), "text");
        Path abandoned = Files.createDirectory(directory.resolve("out.partial-0123abcd"));
        Files.write(abandoned.resolve("process.lock"), signedLock());
        Failures.expect(FailureKind.OUTPUT_NOT_EMPTY, () -> AtomicDirectory.create(target), "not an empty");
        assertThat(children(directory)).containsExactly(target);
    }

    @Test
    void nothingIsDeletedThatIsNotProvenToBeOurs() throws IOException {
        Path elsewhere = Files.createDirectory(directory.resolve("elsewhere"));
        Files.write(elsewhere.resolve("process.lock"), signedLock());
        Path data = Files.writeString(
                Files.createDirectory(directory.resolve("out.partial-00000000")).resolve("a"), "x");
        Path otherLock = Files.createDirectory(directory.resolve("out.partial-11111111"));
        Files.writeString(otherLock.resolve("process.lock"), "of another program");
        Path emptyLock = Files.createDirectory(directory.resolve("out.partial-22222222"));
        Files.createFile(emptyLock.resolve("process.lock"));
        Files.writeString(emptyLock.resolve("b"), "x");
        Path link = Files.createSymbolicLink(directory.resolve("out.partial-33333333"), elsewhere);
        Path file = Files.writeString(directory.resolve("out.partial-44444444"), "x");
        Path linkedLock = Files.createDirectory(directory.resolve("out.partial-55555555"));
        Files.createSymbolicLink(linkedLock.resolve("process.lock"), elsewhere.resolve("process.lock"));
        Path otherName = Files.createDirectory(directory.resolve("out.partial-backup"));
        Path otherTarget = Files.createDirectory(directory.resolve("out2.partial-66666666"));
        List<Path> all = List.of(
                elsewhere, data, otherLock, emptyLock.resolve("b"), link, file, linkedLock, otherName, otherTarget);
        AtomicDirectory.deleteAbandoned(directory.resolve("out"));
        try (AtomicDirectory output = AtomicDirectory.create(directory.resolve("out"))) {
            output.commit();
        }
        assertThat(all).allMatch(Files::exists);
        assertThat(elsewhere.resolve("process.lock")).exists();
    }

    @Test
    void twoDoNotWriteTheSameOutput() throws IOException {
        Path target = directory.resolve("out");
        try (AtomicDirectory first = AtomicDirectory.create(target)) {
            Files.writeString(first.path().resolve("file"), "text");
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY,
                    () -> AtomicDirectory.create(target),
                    "another process",
                    "'" + target);
            Failures.expect(
                    FailureKind.OUTPUT_NOT_EMPTY, () -> AtomicDirectory.deleteAbandoned(target), "another process");
            first.commit();
        }
        assertThat(target.resolve("file")).hasContent("text");
        assertThat(children(directory)).containsExactly(target);
    }

    @Test
    void onlyWhatAFileSystemCannotDoIsPassedOver() {
        assertThat(AtomicFile.isUnsupported(new IOException("Invalid argument")))
                .isTrue();
        for (String error : List.of("Input/output error", "No space left on device", "Disk quota exceeded")) {
            assertThat(AtomicFile.isUnsupported(new IOException(error))).isFalse();
        }
        assertThat(AtomicFile.isUnsupported(new IOException())).isFalse();
    }

    /** What a process writes into its lock. */
    private byte[] signedLock() throws IOException {
        Path lock = directory.resolve("lock");
        try (ProcessLock held = ProcessLock.tryAcquire(lock).orElseThrow()) {
            assertThat(held.isLocked()).isTrue();
        }
        byte[] contents = Files.readAllBytes(lock);
        Files.delete(lock);
        return contents;
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
