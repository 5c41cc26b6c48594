package io.fastforward.run;

import com.sun.management.OperatingSystemMXBean;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * How much memory this process may use: the machine's, or less if a control group (of a container, a service or a batch
 * job) limits it. Linux kills a process that exceeds the limit of its group without a word, so nothing beyond it may be
 * planned.
 *
 * @param bytes the limit
 * @param controlGroup whether it is that of a control group
 */
public record MemoryLimit(long bytes, boolean controlGroup) {

    /** What the process takes whatever it does: code, native libraries with their buffers, the stacks of threads. */
    private static final long OWN_BYTES = 128L << 20;

    private static final double MIB = 1 << 20;

    /** The limit of this process. */
    public static MemoryLimit ofThisProcess() {
        // Java knows control groups, but not where the machine hides them from it or it is told to ignore them.
        long machine = ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? system.getTotalMemorySize()
                : Long.MAX_VALUE;
        OptionalLong group = controlGroupBytes(Path.of("/"));
        return group.isPresent() && group.getAsLong() <= machine
                ? new MemoryLimit(group.getAsLong(), true)
                : new MemoryLimit(machine, false);
    }

    /**
     * What a run may plan with if the user does not say: what the Java heap and the process itself do not take. Weights
     * and features lie outside the heap.
     *
     * @param heapBytes how large the heap may become; counted up to half of the limit, since a larger one is a guess
     * @throws Failure if that is nothing
     */
    public long plannable(long heapBytes) {
        long left = bytes - Math.min(heapBytes, bytes / 2) - OWN_BYTES;
        if (left <= 0) {
            throw FailureKind.DEVICE.failure("this process may use " + mebibytes() + " MiB of memory" + origin()
                    + ", but its Java heap and the process itself can take all of that; allow it more");
        }
        return left;
    }

    /**
     * Checks what a user wants to plan with. More than the machine has may be meant, since it can swap; a control group
     * kills.
     *
     * @throws Failure if it is more than the control group allows
     */
    public void requireAllows(long planned) {
        if (controlGroup && planned > bytes) {
            throw FailureKind.USAGE.failure(String.format(
                    Locale.ROOT,
                    "%s is %.2f GiB, but this process may use %s MiB%s; it would be killed",
                    Setting.MEMORY,
                    planned / MIB / 1024,
                    mebibytes(),
                    origin()));
        }
    }

    private String mebibytes() {
        return String.format(Locale.ROOT, "%.0f", bytes / MIB);
    }

    private String origin() {
        return controlGroup ? " (the limit of its control group)" : "";
    }

    /**
     * The smallest limit among the control group of this process and those above it.
     *
     * @param root of the file system that holds {@code proc} and the mounted control groups
     */
    static OptionalLong controlGroupBytes(Path root) {
        List<Path> files = new ArrayList<>();
        for (String membership : lines(root.resolve("proc/self/cgroup"))) {
            String[] fields = membership.split(":", 3); // number of the hierarchy : controllers : path
            if (fields.length < 3) {
                continue;
            }
            boolean second = fields[1].isEmpty();
            if (second || List.of(fields[1].split(",")).contains("memory")) {
                mount(root, second)
                        .ifPresent(mount -> files.addAll(
                                limits(root, mount, fields[2], second ? "memory.max" : "memory.limit_in_bytes")));
            }
        }
        return files.stream()
                .flatMap(file -> lines(file).stream().limit(1))
                .filter(line -> line.matches("\\d{1,18}")) // else it is "max"
                .mapToLong(Long::parseLong)
                .min();
    }

    /**
     * A mounted hierarchy of control groups.
     *
     * @param group the group that is its root
     * @param point where it is mounted
     */
    private record Mount(String group, String point) {}

    /** Where the second version of control groups, or the memory controller of the first, is mounted. */
    private static Optional<Mount> mount(Path root, boolean second) {
        for (String line : lines(root.resolve("proc/self/mountinfo"))) {
            // id parent device root point options [tags] - type source options
            String[] halves = line.split(" - ", 2);
            if (halves.length < 2) {
                continue;
            }
            String[] place = halves[0].split(" ");
            String[] type = halves[1].split(" ");
            if (place.length < 5 || type.length < 3) {
                continue;
            }
            boolean fits = second
                    ? type[0].equals("cgroup2")
                    : type[0].equals("cgroup") && List.of(type[2].split(",")).contains("memory");
            if (fits) {
                return Optional.of(new Mount(place[3], place[4]));
            }
        }
        return Optional.empty();
    }

    /** The files with the limits of a group and those above it, as far as they can be seen from here. */
    private static List<Path> limits(Path root, Mount mount, String group, String name) {
        Path top = root.resolve(relative(mount.point()));
        // In a container, the mounted root may be the group itself or one above it.
        String below =
                group.startsWith(mount.group()) ? group.substring(mount.group().length()) : "";
        List<Path> files = new ArrayList<>();
        Path own = top.resolve(relative(below)).normalize();
        for (@Nullable Path at = own.startsWith(top) ? own : top;
                at != null && at.startsWith(top);
                at = at.getParent()) {
            files.add(at.resolve(name));
        }
        return files;
    }

    private static String relative(String absolute) {
        return absolute.replaceFirst("^/+", "");
    }

    private static List<String> lines(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.readAllLines(file) : List.of();
        } catch (IOException _) {
            return List.of(); // not Linux, or not to be seen from here
        }
    }
}
