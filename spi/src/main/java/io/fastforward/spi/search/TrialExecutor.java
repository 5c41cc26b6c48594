package io.fastforward.spi.search;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.model.Policy;
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
         * @param local evaluates trials in this process, on this run's model and windows
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        TrialExecutor create(Evaluator local, Options options);
    }

    /** Evaluates trials in this process. */
    @FunctionalInterface
    interface Evaluator {
        /** The results of some trials, in their order. All trials of a call share windows and fidelity. */
        List<Result> evaluate(List<Trial> trials);
    }

    /**
     * One evaluation, identified by its content: equal trials have equal results.
     *
     * @param policy the candidate
     * @param windowSeed which windows of the reward text come first when not all are evaluated
     * @param windows on how many windows it is evaluated
     */
    record Trial(Policy policy, long windowSeed, int windows) {}

    /**
     * The outcome of a trial.
     *
     * @param meanNegativeLogLikelihood over all predicted tokens, natural logarithm; not finite if the model broke
     * @param predictedTokens how many those were
     */
    record Result(double meanNegativeLogLikelihood, long predictedTokens) {}

    /** Evaluates trials; the results are in their order. */
    List<Result> execute(List<Trial> trials);

    @Override
    void close();
}
