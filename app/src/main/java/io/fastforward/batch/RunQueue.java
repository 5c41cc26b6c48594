package io.fastforward.batch;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.Awaited;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Setting;
import io.fastforward.plugin.PluginRegistry;
import io.fastforward.record.PruneResult;
import io.fastforward.record.RunRecord;
import io.fastforward.record.SharedStages;
import io.fastforward.report.Progress;
import io.fastforward.run.PruneRequest;
import io.fastforward.run.PruneRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Does several runs, some at a time, that share finished stages. One that fails does not stop the others. */
public final class RunQueue {

    private final PluginRegistry plugins;
    private final Progress shown;
    private final int jobs;

    /**
     * A queue that has not begun.
     *
     * @param plugins serve all runs
     * @param shown is told how far they are; if several go on at a time, only which begin
     * @param jobs how many at a time, at least 1
     */
    public RunQueue(PluginRegistry plugins, Progress shown, int jobs) {
        this.plugins = plugins;
        this.shown = shown;
        this.jobs = jobs;
    }

    /**
     * Does them. What can be known of all of them beforehand is checked before the first one begins.
     *
     * @param runs each with directories of its own; those that are to be resumed and have not begun begin
     * @param output directory of all of them, in which lies what they share
     * @param ended is told what became of each, one at a time; not called any more once the process is told to end
     * @throws Failure if plugins are not to be had, options are bad, or output or record of one cannot be written
     */
    public void execute(List<PlannedRun> runs, Path output, Consumer<RunOutcome> ended) {
        requireSomethingToResume(runs);
        List<PlannedRun> ready = runs.stream().map(RunQueue::begunOrNew).toList();
        ready.forEach(this::requireReady);
        AtomicBoolean ending = new AtomicBoolean();
        Consumer<RunOutcome> told = outcome -> {
            if (!ending.get()) {
                ended.accept(outcome);
            }
        };
        try (ShutdownHook ignored = ShutdownHook.begin(() -> ending.set(true), "end-of-runs");
                SharedStages stages = SharedStages.in(output.resolve(RunDirectories.SHARED))) {
            if (jobs == 1) {
                for (int i = 0; i < ready.size(); i++) {
                    told.accept(execute(ready.get(i), place(i, ready), stages, shown));
                }
            } else {
                inParallel(ready, stages, told);
            }
        }
    }

    private void inParallel(List<PlannedRun> runs, SharedStages stages, Consumer<RunOutcome> ended) {
        Object turn = new Object();
        try (ExecutorService executor = Executors.newFixedThreadPool(jobs)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < runs.size(); i++) {
                PlannedRun run = runs.get(i);
                String place = place(i, runs);
                futures.add(executor.submit(() -> {
                    RunOutcome outcome = execute(run, place, stages, Progress.silent());
                    synchronized (turn) {
                        ended.accept(outcome);
                    }
                }));
            }
            futures.forEach(future -> Awaited.get(future, "runs go on"));
        }
    }

    private RunOutcome execute(PlannedRun run, String place, SharedStages stages, Progress progress) {
        synchronized (shown) {
            shown.note(place + run.label());
        }
        boolean before = RunRecord.holdsResult(run.request().runDirectory());
        long start = System.nanoTime();
        try {
            PruneResult result = new PruneRun(run.request(), plugins, progress, Optional.of(stages)).execute();
            return new RunOutcome.Finished(run, result, before, (System.nanoTime() - start) / 1e9);
        } catch (RuntimeException | Error e) { // a defect or a lack of memory in one of them is not the others'
            return new RunOutcome.Failed(run, e);
        }
    }

    private static String place(int index, List<PlannedRun> runs) {
        return "Run " + (index + 1) + " of " + runs.size() + ": ";
    }

    private static void requireSomethingToResume(List<PlannedRun> runs) {
        boolean resumed = runs.stream().anyMatch(run -> run.request().resume());
        if (resumed && runs.stream().noneMatch(RunQueue::isBegun)) {
            throw FailureKind.BAD_RECORD.failure(
                    "there is no run to resume in '" + runs.getFirst().request().runDirectory()
                            + "', nor in the directories of the others; start them without " + Setting.RESUME);
        }
    }

    private static PlannedRun begunOrNew(PlannedRun run) {
        PruneRequest request = run.request();
        return request.resume() && !isBegun(run)
                ? new PlannedRun(run.model(), run.name(), run.settings(), request.begun())
                : run;
    }

    private void requireReady(PlannedRun run) {
        PruneRequest request = run.request();
        if (!request.resume() && isBegun(run)) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure("the run directory '" + request.runDirectory()
                    + "' holds an earlier run; add " + Setting.RESUME + " to go on with it, or choose another "
                    + Setting.OUTPUT);
        }
        new PruneRun(request, plugins, Progress.silent()).requireDestination();
    }

    private static boolean isBegun(PlannedRun run) {
        return RunRecord.holdsStage(run.request().runDirectory());
    }
}
