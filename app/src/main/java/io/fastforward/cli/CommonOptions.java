package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.run.MemoryLimit;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of several commands. */
final class CommonOptions {

    private static final long GIB = 1L << 30;
    private static final int MOST_THREADS = 1024; // more than the largest machines have cores for one job
    private static final int MOST_GIB = 1 << 20;

    @Option(
            names = "--plugins",
            paramLabel = "DIR",
            description = "Directory of plugin jars to load beside the built-in ones.")
    @Nullable
    Path plugins;

    @Option(names = "--json", description = "Print the result as JSON, and no progress.")
    boolean json;

    @Option(names = "--verbose", description = "Print the stack trace of a failure.")
    boolean verbose;

    PluginRegistry loadPlugins() {
        return PluginRegistry.load(plugins);
    }

    /** Options of commands that write weights. */
    static final class Shards {

        private static final int MOST_MEGABYTES = 1_000_000_000;

        @Option(
                names = "--shard-size",
                paramLabel = "MB",
                description = "Most megabytes of weights in a file; default: ${DEFAULT-VALUE}.")
        long megabytes = 5000;

        long bytes() {
            if (megabytes < 1 || megabytes > MOST_MEGABYTES) {
                throw new Failure(
                        FailureKind.USAGE,
                        "--shard-size must be from 1 to " + MOST_MEGABYTES + ", but is " + megabytes);
            }
            return megabytes * 1_000_000;
        }
    }

    /** Options of commands that compute. */
    static final class Compute {

        @Option(
                names = "--device",
                paramLabel = "auto|cpu|gpu|ID",
                defaultValue = "auto",
                description = "What computes: auto takes a GPU if there is one and else the CPU; gpu takes a GPU or"
                        + " fails; or the id of a device or backend (see: devices).")
        String device = "auto";

        @Option(names = "--threads", paramLabel = "N", description = "CPU threads; default: one for each core.")
        @Nullable
        Integer threads;

        @Option(
                names = "--memory",
                paramLabel = "GIB",
                description =
                        "Memory to plan with, in GiB; default: what the process may use, less the Java heap and 128 MiB"
                                + " for itself.")
        @Nullable
        Double memory;

        int threads() {
            if (threads == null) {
                return Runtime.getRuntime().availableProcessors();
            }
            if (threads < 1 || threads > MOST_THREADS) {
                throw new Failure(
                        FailureKind.USAGE, "--threads must be from 1 to " + MOST_THREADS + ", but is " + threads);
            }
            return threads;
        }

        long memoryBytes() {
            MemoryLimit limit = MemoryLimit.ofThisProcess();
            if (memory == null) {
                return limit.plannable(Runtime.getRuntime().maxMemory());
            }
            if (!(memory > 0 && memory <= MOST_GIB)) {
                throw new Failure(
                        FailureKind.USAGE,
                        "--memory must be greater than 0 and at most " + MOST_GIB + " GiB, but is " + memory);
            }
            long bytes = (long) (memory * GIB);
            limit.requireAllows(bytes);
            return bytes;
        }
    }
}
