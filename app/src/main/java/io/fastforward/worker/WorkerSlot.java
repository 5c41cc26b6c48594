package io.fastforward.worker;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A place for a worker, which is started when there is something to do. Used by one thread at a time, but for {@link #close}. */
final class WorkerSlot implements AutoCloseable {

    private final LaunchCommand command;
    private final String workload;
    private volatile @Nullable WorkerProcess worker;
    private int losses;

    /** @param workload a line */
    WorkerSlot(LaunchCommand command, String workload) {
        this.command = command;
        this.workload = workload;
    }

    /** How many workers in a row ended here before they answered. */
    int losses() {
        return losses;
    }

    /**
     * Has a batch evaluated.
     *
     * @return one result for each candidate
     * @throws Failure if the worker refuses it
     * @throws WorkerLost if the worker ended; the next one takes its place with the next batch
     */
    List<Result> evaluate(TrialBatch batch) throws WorkerLost {
        try {
            WorkerProcess running = worker == null ? WorkerProcess.start(command, workload) : worker;
            worker = running;
            List<Result> results = running.evaluate(batch);
            if (results.size() != batch.candidates().size()) {
                throw FailureKind.PLUGIN.failure(command.name() + " was given "
                        + batch.candidates().size() + " candidates, but returned " + results.size() + " results");
            }
            losses = 0;
            return results;
        } catch (WorkerLost e) {
            losses++;
            close();
            throw e;
        }
    }

    /** Ends the worker, if there is one, whatever it is doing. */
    @Override
    public void close() {
        WorkerProcess running = worker;
        worker = null;
        if (running != null) {
            running.close();
        }
    }
}
