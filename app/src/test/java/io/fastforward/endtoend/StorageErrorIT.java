package io.fastforward.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.failure.FailureKind;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Errors of the disk, which strace makes the system calls return. */
class StorageErrorIT {

    private static final List<String> STRACE = List.of("strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null");

    @TempDir
    private Path directory;

    @BeforeAll
    static void requireStrace() throws InterruptedException {
        List<String> command = new ArrayList<>(STRACE);
        command.addAll(List.of("-e", "trace=fsync", "-e", "inject=fsync:error=EIO", "true"));
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            assumeTrue(process.waitFor(10, TimeUnit.SECONDS) && process.exitValue() == 0, "strace may not trace");
        } catch (IOException e) {
            assumeTrue(false, "there is no strace");
        }
    }

    /** The first sync is that of the manifest, the second that of its directory, which gets a new name. */
    @ParameterizedTest
    @CsvSource({
        "EIO, 1, Input/output error, its disk or the connection to it fails",
        "EIO, 2, Input/output error, its disk or the connection to it fails",
        "ENOSPC, 1, No space left on device, make room",
        "EDQUOT, 2, Disk quota exceeded, your quota",
        "EROFS, 1, Read-only file system, choose another output directory"
    })
    void aFailingSyncIsToldAsWhatItIs(String error, int which, String reason, String advice) {
        Launcher.Finished run = run("fsync", error, which);
        run.isRefused(
                FailureKind.STORAGE,
                "cannot write '" + directory.resolve("out-run/manifest.json") + "': " + reason + "; ",
                advice);
        assertThat(run.message().contains("make room")).isEqualTo(advice.contains("room") || advice.contains("quota"));
        assertThat(directory).isEmptyDirectory();
    }

    /** A file system that cannot sync directories is no reason to stop. */
    @Test
    void aSyncThatIsNotSupportedIsPassedOver() {
        run("fsync", "EINVAL", 2).succeeds();
    }

    private Launcher.Finished run(String call, String error, int which) {
        List<String> command = new ArrayList<>(STRACE);
        command.addAll(List.of("-e", "trace=" + call, "-e", "inject=" + call + ":error=" + error + ":when=" + which));
        command.add(Launcher.script().toString());
        command.addAll(List.of(SmallPrune.into(directory.resolve("out"), "--finalists", "1")));
        return Launcher.in(directory).startProgram(command).await();
    }
}
