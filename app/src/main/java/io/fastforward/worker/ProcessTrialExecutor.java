package io.fastforward.worker;

import io.fastforward.failure.Awaited;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;

/**
 * Evaluates trials in workers, which are processes: every batch is cut into as many parts as there are workers. What a worker
 * was doing when it ended is done again, by another one or by the one that takes its place.
 */
final class ProcessTrialExecutor implements TrialExecutor {

    /** How often a job is begun, and how often in a row a worker may end before nobody takes its place. */
    private static final int TRIES = 3;

    private final List<WorkerSlot> slots;
    private final Consumer<String> notes;
    private final ExecutorService threads;

    /**
     * What one worker evaluates.
     *
     * @param tries how often that was begun before
     */
    private record Job(TrialBatch.Part part, int tries) {}

    /**
     * An executor whose workers start with the first batch.
     *
     * @param workload a line
     * @param notes is told of workers that were lost
     */
    ProcessTrialExecutor(List<LaunchCommand> commands, String workload, Consumer<String> notes) {
        this.slots = commands.stream()
                .map(command -> new WorkerSlot(command, workload))
                .toList();
        this.notes = notes;
        this.threads = Executors.newFixedThreadPool(
                commands.size(), Thread.ofPlatform().daemon().name("worker-", 1).factory());
    }

    @Override
    public List<Result> execute(TrialBatch batch) {
        Queue<Job> jobs = new ConcurrentLinkedQueue<>(
                batch.parts(slots.size()).stream().map(part -> new Job(part, 0)).toList());
        Result[] results = new Result[batch.candidates().size()];
        while (!jobs.isEmpty()) {
            List<Future<?>> working = slots.stream()
                    .filter(slot -> slot.losses() < TRIES)
                    .<Future<?>>map(slot -> threads.submit(() -> work(slot, jobs, results)))
                    .toList();
            if (working.isEmpty()) {
                throw FailureKind.PLUGIN.failure("no worker is left: each of them ended " + TRIES + " times in a row");
            }
            working.forEach(work -> Awaited.get(work, "workers evaluate"));
        }
        return List.of(results);
    }

    /**
     * Has a worker do jobs as long as there are any, or it ends.
     *
     * @throws Failure if it refuses one, or one was begun too often
     */
    private void work(WorkerSlot slot, Queue<Job> jobs, Result[] results) {
        for (Job job = jobs.poll(); job != null; job = jobs.poll()) {
            List<Integer> places = job.part.places();
            try {
                List<Result> some = slot.evaluate(job.part.batch());
                for (int i = 0; i < some.size(); i++) {
                    results[places.get(i)] = some.get(i);
                }
            } catch (WorkerLost e) {
                if (job.tries + 1 == TRIES) {
                    throw FailureKind.PLUGIN.failure(
                            "the same " + places.size() + " candidates were lost " + TRIES + " times: "
                                    + e.getMessage(),
                            e);
                }
                notes.accept("Warning: " + e.getMessage() + "; what it was doing is done again");
                jobs.add(new Job(job.part, job.tries + 1));
                return;
            }
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        slots.forEach(WorkerSlot::close);
    }
}
