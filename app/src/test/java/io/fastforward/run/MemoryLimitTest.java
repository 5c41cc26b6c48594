package io.fastforward.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.failure.FailureKind;
import io.fastforward.testing.Failures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The files of control groups as Linux shows them, under a directory of the test. */
class MemoryLimitTest {

    private static final long GIB = 1L << 30;
    private static final String SECOND = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate";
    private static final String FIRST = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory";

    @TempDir
    private Path root;

    @Test
    void theSecondVersionOfAService() throws IOException {
        write("proc/self/mountinfo", SECOND);
        write("proc/self/cgroup", "0::/user.slice/run-r1.scope");
        write("sys/fs/cgroup/user.slice/run-r1.scope/memory.max", "2147483648");
        write("sys/fs/cgroup/user.slice/memory.max", "max");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(2 * GIB);
    }

    @Test
    void theSmallestOfNestedGroupsCounts() throws IOException {
        write("proc/self/mountinfo", SECOND);
        write("proc/self/cgroup", "0::/batch/job/step");
        write("sys/fs/cgroup/batch/memory.max", "8589934592");
        write("sys/fs/cgroup/batch/job/memory.max", "1073741824");
        write("sys/fs/cgroup/batch/job/step/memory.max", "4294967296");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(GIB);
    }

    @Test
    void theSecondVersionInAContainer() throws IOException {
        write("proc/self/mountinfo", SECOND);
        write("proc/self/cgroup", "0::/");
        write("sys/fs/cgroup/memory.max", "3221225472");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(3 * GIB);
    }

    @Test
    void theFirstVersion() throws IOException {
        write("proc/self/mountinfo", "34 31 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", FIRST);
        write("proc/self/cgroup", "5:cpu:/other", "4:hugetlb,memory:/batch/job", "0::/");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712");
        write("sys/fs/cgroup/memory/batch/memory.limit_in_bytes", "1073741824");
        write("sys/fs/cgroup/memory/batch/job/memory.limit_in_bytes", "9223372036854771712");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(GIB);
    }

    @Test
    void theFirstVersionInAContainerThatSeesItsOwnGroupAlone() throws IOException {
        write(
                "proc/self/mountinfo",
                "35 31 0:32 /docker/0a1b /sys/fs/cgroup/memory ro master:5 - cgroup cgroup rw,memory");
        write("proc/self/cgroup", "4:memory:/docker/0a1b/inner");
        write("sys/fs/cgroup/memory/memory.limit_in_bytes", "2147483648");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(2 * GIB);
        write("sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "1073741824");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(GIB);
    }

    @Test
    void bothVersionsAtOnce() throws IOException {
        write("proc/self/mountinfo", FIRST, "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw");
        write("proc/self/cgroup", "4:memory:/job", "0::/job");
        write("sys/fs/cgroup/memory/job/memory.limit_in_bytes", "1073741824");
        assertThat(MemoryLimit.controlGroupBytes(root)).hasValue(GIB);
    }

    /** Files of another form mean that nothing is known, not that something is wrong. */
    @ParameterizedTest
    @ValueSource(strings = {"max", "", "-1", "1e9", "99999999999999999999999"})
    void noLimit(String contents) throws IOException {
        assertThat(MemoryLimit.controlGroupBytes(root)).isEmpty();
        write("proc/self/cgroup", "", "x", "0:", "0::/../../..//a");
        write("proc/self/mountinfo", "", "x", "1 2 - 3", SECOND);
        write("sys/fs/cgroup/memory.max", contents);
        write("memory.max", "5"); // outside what is mounted
        assertThat(MemoryLimit.controlGroupBytes(root)).isEmpty();
    }

    @Test
    void heapAndProcessAreNotPlannedWith() {
        MemoryLimit limit = new MemoryLimit(4 * GIB, true);
        assertThat(limit.plannable(GIB)).isEqualTo(3 * GIB - (128 << 20));
        // A heap of the user's own choice does not eat up everything.
        assertThat(limit.plannable(16 * GIB)).isEqualTo(2 * GIB - (128 << 20));
        Failures.expect(
                FailureKind.DEVICE,
                () -> new MemoryLimit(GIB / 8, true).plannable(GIB / 32),
                "128 MiB",
                "control group");
    }

    @Test
    void aControlGroupKillsWhatSwapWouldCarry() {
        Failures.expect(
                FailureKind.USAGE,
                () -> new MemoryLimit(GIB, true).requireAllows(2 * GIB),
                "<compute.memory> is 2.00 GiB",
                "1024 MiB (the limit of its control group)");
        new MemoryLimit(GIB, true).requireAllows(GIB);
        new MemoryLimit(GIB, false).requireAllows(2 * GIB);
    }

    private void write(String path, String... lines) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.resolveSibling(""));
        Files.writeString(file, String.join("\n", lines) + "\n");
    }
}
