package io.fastforward.spi.search;

import java.util.List;

/**
 * Evaluates the trials of a {@link Workload} in another process than the one that searches. The engine's own is found with
 * {@link java.util.ServiceLoader}, by its {@link Opener}, where the engine's jar is on the class path of that process:
 * executors have it opened there, once for many batches. Called from one thread at a time.
 */
public interface Worker extends AutoCloseable {

    /** Opens workers. */
    interface Opener {

        /**
         * Opens the model and whatever else it takes, and checks that all of it is what the workload says.
         *
         * @param threads CPU threads that it may use; 0: one for each core
         * @param memoryBytes memory that it may use; 0: what its process may use
         * @throws RuntimeException if it cannot evaluate this workload here, and would not if it were tried again: the message
         *     is one line that says why
         */
        Worker open(Workload workload, int threads, long memoryBytes);
    }

    /**
     * Evaluates a batch, or a part of one: one result for each candidate, in their order.
     *
     * @throws RuntimeException if it cannot, and would not if it were tried again
     */
    List<TrialExecutor.Result> evaluate(TrialBatch batch);

    @Override
    void close();
}
