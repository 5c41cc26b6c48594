package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Small disks, mounted for the test, which takes root's rights. */
class DiskFullIT {

    @TempDir
    private Path directory;

    private Path disk;

    @BeforeEach
    void makeMountPoint() throws IOException {
        disk = Files.createDirectory(directory.resolve("disk"));
    }

    @AfterEach
    void unmount() {
        succeeds("umount", disk.toString());
    }

    @Test
    void aDiskThatIsTooSmallIsNoticedBeforeTheWork() throws IOException {
        mount("4m");
        Launcher.in(directory)
                .run(SmallPrune.into(disk.resolve("out")))
                .isRefused(FailureKind.STORAGE, "needs 6 MB", "--output");
        assertThat(disk).isEmptyDirectory();
    }

    @Test
    void anEmptyMountPointIsNoOutput() throws IOException {
        mount("16m");
        Launcher.in(directory)
                .run(SmallPrune.into(disk))
                .isRefused(FailureKind.STORAGE, disk.toString(), "mount point", "inside it");
        assertThat(disk).isEmptyDirectory();
    }

    @Test
    void aDiskThatFillsUpMeanwhileHoldsNothingHalfWritten() throws Exception {
        mount("16m");
        Path record = directory.resolve("record");
        Launcher.Started run = Launcher.in(directory)
                .start(SmallPrune.into(disk.resolve("out"), "--run-dir", record.toString()))
                .awaitWhileRunning(() -> Files.exists(record.resolve("run.log")));
        fill(disk.resolve("filler"));
        run.await().isRefused(FailureKind.STORAGE, "No space left", "make room");
        assertThat(names(disk)).containsExactly("filler");
        assertThat(record.resolve("run.log")).content().contains("Failed: ", "No space left");

        Files.delete(disk.resolve("filler"));
        Launcher.in(directory)
                .run(SmallPrune.into(disk.resolve("out"), "--run-dir", record.toString(), "--resume"))
                .succeeds();
        assertThat(names(disk)).containsExactly("out");
    }

    @Test
    void aRecordThatHasNoRoomHoldsWholeFilesAlone() throws IOException {
        mount("1m");
        Path record = disk.resolve("record");
        Launcher.in(directory)
                .run(SmallPrune.into(directory.resolve("out"), "--run-dir", record.toString(), "--prior", "curves"))
                .isRefused(FailureKind.STORAGE, "No space left", "record");
        assertThat(names(record))
                .isSubsetOf(
                        "manifest.json",
                        "nested-order.json",
                        "search-state.json",
                        "trials.jsonl",
                        "run.log",
                        "run.lock");
        assertThat(directory.resolve("out")).doesNotExist();
    }

    /** Output maps for trying single modules are the first that fill it; then no stage was finished. */
    @Test
    void aRecordThatHasNoRoomForOutputMapsIsNone() throws IOException {
        mount("1m");
        Path record = disk.resolve("record");
        Launcher.in(directory)
                .run(SmallPrune.into(directory.resolve("out"), "--run-dir", record.toString(), "--prior", "probes"))
                .isRefused(FailureKind.STORAGE, "No space left", "record/probes", "make room");
        assertThat(names(disk)).isEmpty();
        assertThat(directory.resolve("out")).doesNotExist();
    }

    private void mount(String size) {
        assumeTrue(
                succeeds("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", disk.toString()),
                "a tmpfs can be mounted by root alone");
    }

    private static void fill(Path file) throws IOException {
        byte[] block = new byte[4096];
        try (OutputStream out = Files.newOutputStream(file)) {
            while (true) {
                out.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    private static List<String> names(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> String.valueOf(file.getFileName())).toList();
        }
    }

    private static boolean succeeds(String... command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0;
        } catch (IOException e) {
            return false; // no such program
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
