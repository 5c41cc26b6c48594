package io.fastforward.spi.search;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import java.io.Serializable;
import java.util.List;
import java.util.function.Consumer;

/**
 * Evaluates the trials of a search somewhere: in this process by default, on other machines behind the same
 * interface. Called from one thread at a time.
 */
public interface TrialExecutor extends AutoCloseable {

    /** Makes executors of one kind. */
    interface Provider extends Plugin {

        /**
         * Looks at what options name, files and directories, before hours go by until there is something to evaluate.
         *
         * @throws IllegalArgumentException if something is missing or options do not go together; the message names them
         */
        default void check(Options options) {}

        /**
         * A new executor.
         *
         * @param search the process that searches
         * @param workload all that it takes to evaluate trials in another one, with the same results
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        TrialExecutor create(SearchProcess search, Workload workload, Options options);
    }

    /**
     * The process that searches, as far as an executor is concerned.
     *
     * @param local evaluates trials in it
     * @param threads CPU threads that evaluating may take on this machine
     * @param memoryBytes memory that evaluating may take on this machine, beside what this process holds
     * @param notes is told what a user should know, a line each: a worker that was lost, say
     */
    record SearchProcess(Evaluator local, int threads, long memoryBytes, Consumer<String> notes) {}

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
