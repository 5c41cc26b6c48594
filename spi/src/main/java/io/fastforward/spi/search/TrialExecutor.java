package io.fastforward.spi.search;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.io.Serializable;
import java.util.List;

/**
 * Evaluates the trials of a search somewhere: in this process by default, on other machines behind the same
 * interface. Called from one thread at a time.
 */
public interface TrialExecutor extends AutoCloseable {

    /** Makes executors of one kind. */
    interface Provider extends Plugin {

        /**
         * A new executor.
         *
         * @param local evaluates trials in this process
         * @param workload all that it takes to evaluate them in another one, with the same results
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        TrialExecutor create(Evaluator local, Workload workload, Options options);
    }

    /** Evaluates trials in the process that it is in. */
    @FunctionalInterface
    interface Evaluator {

        /** One result for each candidate, in their order. */
        List<Result> evaluate(TrialBatch batch);
    }

    /**
     * The outcome of a trial.
     *
     * @param losses what the workload's objective says of the candidate on each window of the batch, in their order: lower
     *     is better; not finite if the model broke
     * @param cost tokens that passed layers for this candidate alone, times the share of the layers that they passed
     */
    record Result(List<Double> losses, double cost) implements Serializable {

        public Result {
            losses = List.copyOf(losses);
        }
    }

    /** Evaluates a batch: one result for each candidate, in their order. */
    List<Result> execute(TrialBatch batch);

    @Override
    void close();
}
