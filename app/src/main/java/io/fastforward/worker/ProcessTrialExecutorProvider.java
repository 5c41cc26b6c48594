package io.fastforward.worker;

import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.OptionSpec.Range;
import io.fastforward.spi.Options;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Evaluates trials in processes of their own, here or wherever commands start them. */
public final class ProcessTrialExecutorProvider implements TrialExecutor.Provider {

    /** More than the largest machines have NUMA nodes, or a search has candidates at a time. */
    private static final int MOST_WORKERS = 256;

    private static final OptionSpec WORKERS = OptionSpec.wholeNumber(
            "workers",
            "processes on this machine, which share its threads and memory; 0: one for each NUMA node",
            0,
            Range.between(0, MOST_WORKERS));

    private static final OptionSpec LAUNCHERS = OptionSpec.text(
            "launchers",
            "instead: a file with a command a line that starts FastForward somewhere, such as: ssh node1 fastforward",
            "");

    private static final OptionSpec WORKLOAD = OptionSpec.text(
            "workload", "a file to write, too: what 'fastforward worker' needs to evaluate such candidates", "");

    @Override
    public String id() {
        return "process";
    }

    @Override
    public String description() {
        return "evaluates trials in worker processes, one for each NUMA node, or started by commands on other machines";
    }

    @Override
    public List<OptionSpec> options() {
        return List.of(WORKERS, LAUNCHERS, WORKLOAD);
    }

    @Override
    public void check(Options options) {
        String launchers = options.text(LAUNCHERS.name());
        if (launchers.isEmpty()) {
            return;
        }
        if (options.wholeNumber(WORKERS.name()) != 0) {
            throw new IllegalArgumentException("launchers start as many workers as they are; leave workers out");
        }
        LaunchCommand.from(Path.of(launchers));
    }

    @Override
    public TrialExecutor create(TrialExecutor.SearchProcess search, Workload workload, Options options) {
        check(options);
        String launchers = options.text(LAUNCHERS.name());
        int workers = options.wholeNumber(WORKERS.name());
        String line = WorkerLines.of(workload);
        String file = options.text(WORKLOAD.name());
        if (!file.isEmpty()) {
            AtomicFile.write(Path.of(file), MemorySegment.ofArray((line + "\n").getBytes(StandardCharsets.UTF_8)));
        }
        return new ProcessTrialExecutor(
                launchers.isEmpty()
                        ? LaunchCommand.here(workers, search.threads(), search.memoryBytes())
                        : LaunchCommand.from(Path.of(launchers)),
                line,
                search.notes());
    }
}
