package io.fastforward.worker;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Evaluates trials in workers, which are processes: every batch is cut into as many parts as there are workers. What a worker
 * was doing when it ended is done again, by another one or by the one that takes its place.
 */
final class ProcessTrialExecutor implements TrialExecutor {

    /** How often a part is begun, and how often in a row a worker may end before nobody takes its place. */
    private static final int TRIES = 3;

    private final List<WorkerSlot> slots;
    private final Consumer<String> notes;
    private final ExecutorService threads;

    /**
     * Candidates that one worker evaluates.
     *
     * @param places where they stand in the batch
     * @param tries how often that was begun before
     */
    private record Part(List<Integer> places, TrialBatch batch, int tries) {}

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
        Queue<Part> parts = new ConcurrentLinkedQueue<>(parts(batch));
        Result[] results = new Result[batch.candidates().size()];
        while (!parts.isEmpty()) {
            List<Future<?>> working = slots.stream()
                    .filter(slot -> slot.losses() < TRIES)
                    .<Future<?>>map(slot -> threads.submit(() -> work(slot, parts, results)))
                    .toList();
            if (working.isEmpty()) {
                throw FailureKind.PLUGIN.failure("no worker is left: each of them ended " + TRIES + " times in a row");
            }
            working.forEach(ProcessTrialExecutor::await);
        }
        return List.of(results);
    }

    /** Candidates that agree on leading layers stay together: they share what it takes to compute these. */
    private List<Part> parts(TrialBatch batch) {
        List<Policy> candidates = batch.candidates();
        List<Integer> alike = IntStream.range(0, candidates.size())
                .boxed()
                .sorted(Comparator.comparing(
                        place -> candidates.get(place).retained().toArray(Integer[]::new), Arrays::compare))
                .toList();
        int count = Math.min(slots.size(), candidates.size());
        return IntStream.range(0, count)
                .mapToObj(i -> alike.subList(i * candidates.size() / count, (i + 1) * candidates.size() / count))
                .map(places -> new Part(
                        places,
                        new TrialBatch(
                                batch.windows(),
                                places.stream().map(candidates::get).toList()),
                        0))
                .toList();
    }

    /**
     * Has a worker do parts as long as there are any, or it ends.
     *
     * @throws Failure if it refuses one, or one was begun too often
     */
    private void work(WorkerSlot slot, Queue<Part> parts, Result[] results) {
        for (Part part = parts.poll(); part != null; part = parts.poll()) {
            try {
                List<Result> some = slot.evaluate(part.batch);
                for (int i = 0; i < some.size(); i++) {
                    results[part.places.get(i)] = some.get(i);
                }
            } catch (WorkerLost e) {
                if (part.tries + 1 == TRIES) {
                    throw FailureKind.PLUGIN.failure(
                            "the same " + part.places.size() + " candidates were lost " + TRIES + " times: "
                                    + e.getMessage(),
                            e);
                }
                notes.accept("Warning: " + e.getMessage() + "; what it was doing is done again");
                parts.add(new Part(part.places, part.batch, part.tries + 1));
                return;
            }
        }
    }

    private static void await(Future<?> work) {
        try {
            work.get();
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                case null, default -> throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while workers evaluate", e);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
        slots.forEach(WorkerSlot::close);
    }
}
