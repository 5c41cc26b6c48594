package io.fastforward.cli;

import io.fastforward.failure.Setting;
import io.fastforward.run.Compute;
import io.fastforward.run.MemoryLimit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of commands that compute. */
@OptionHeading("Computing")
final class ComputeOptions {

    private static final long GIB = 1L << 30;
    private static final int MOST_THREADS = 1024; // more than the largest machines have cores for one job
    private static final int MOST_GIB = 1 << 20;

    @Option(
            names = "--device",
            paramLabel = "auto|cpu|gpu|ID",
            description = "What computes: auto takes a GPU if there is one and else the CPU; gpu takes a GPU or"
                    + " fails; or the id of a device or backend (see: devices).")
    private String device = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "CPU threads; default: one for each core.")
    private @Nullable Integer threads;

    @Option(
            names = "--memory",
            paramLabel = "GIB",
            description =
                    "Memory to plan with, in GiB; default: what the process may use, less the Java heap and 128 MiB"
                            + " for itself.")
    private @Nullable Double memory;

    Compute compute() {
        return new Compute(device, threads(), memoryBytes());
    }

    private int threads() {
        if (threads == null) {
            return Runtime.getRuntime().availableProcessors();
        }
        Setting.THREADS.require(threads >= 1 && threads <= MOST_THREADS, "from 1 to " + MOST_THREADS, threads);
        return threads;
    }

    private long memoryBytes() {
        MemoryLimit limit = MemoryLimit.ofThisProcess();
        if (memory == null) {
            return limit.plannable(Runtime.getRuntime().maxMemory());
        }
        Setting.MEMORY.require(
                memory > 0 && memory <= MOST_GIB, "greater than 0 and at most " + MOST_GIB + " GiB", memory);
        long bytes = (long) (memory * GIB);
        limit.requireAllows(bytes);
        return bytes;
    }
}
