package io.fastforward.zeroshot;

import io.fastforward.evaluate.ChoiceAccuracy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * How a model does in a task.
 *
 * @param task the harness's name of it
 * @param questions how many were asked
 * @param shortened how many contexts have lost their beginning because they do not fit into the model
 * @param acc share of questions whose right choice has the largest log-likelihood
 * @param accStderr its standard error, sample standard deviation ÷ √questions; none for one question
 * @param accNorm share of questions whose right choice has the largest log-likelihood ÷ characters; none where the
 *     harness reports none
 * @param accNormStderr its standard error
 * @param answers the questions one by one, in the order of the file
 */
public record TaskScore(
        String task,
        int questions,
        int shortened,
        double acc,
        @Nullable Double accStderr,
        @Nullable Double accNorm,
        @Nullable Double accNormStderr,
        List<Answered> answers) {

    /**
     * A question.
     *
     * @param right index of the right choice
     * @param chosen index of the first choice with the largest log-likelihood
     * @param chosenNorm index of the first choice with the largest log-likelihood ÷ characters
     * @param logLikelihoods of the choices, natural
     */
    public record Answered(int right, int chosen, @Nullable Integer chosenNorm, List<Double> logLikelihoods) {

        public Answered {
            logLikelihoods = List.copyOf(logLikelihoods);
        }
    }

    public TaskScore {
        answers = List.copyOf(answers);
    }

    /**
     * Scores answers.
     *
     * @param logLikelihoods of each choice of each question, finite
     */
    static TaskScore of(TaskQuestions asked, List<double[]> logLikelihoods) {
        List<Answered> answers = new ArrayList<>();
        for (int i = 0; i < logLikelihoods.size(); i++) {
            double[] values = logLikelihoods.get(i);
            int[] lengths = asked.lengths().get(i);
            answers.add(new Answered(
                    asked.questions().get(i).answer(),
                    ChoiceAccuracy.indexOfLargest(values),
                    asked.task().normalised() ? ChoiceAccuracy.indexOfLargest(quotients(values, lengths)) : null,
                    Arrays.stream(values).boxed().toList()));
        }
        List<Answered> all = answers;
        double acc =
                share(all.stream().filter(one -> one.chosen() == one.right()).count(), all.size());
        @Nullable
        Double accNorm = asked.task().normalised()
                ? (Double) share(
                        all.stream()
                                .filter(one -> Integer.valueOf(one.right()).equals(one.chosenNorm()))
                                .count(),
                        all.size())
                : null;
        return new TaskScore(
                asked.task().taskName(),
                all.size(),
                asked.shortened(),
                acc,
                stderr(acc, all.size()),
                accNorm,
                accNorm == null ? null : stderr(accNorm, all.size()),
                all);
    }

    /** A choice of no characters, as brackets may leave one, gets −∞: it is never chosen, as in the harness. */
    private static double[] quotients(double[] values, int[] lengths) {
        return IntStream.range(0, values.length)
                .mapToDouble(i -> values[i] / lengths[i])
                .toArray();
    }

    private static double share(long hits, int questions) {
        return (double) hits / questions;
    }

    /** Of a mean of zeros and ones: their variance is share · (1 − share), times n ÷ (n − 1) for a sample. */
    private static @Nullable Double stderr(double share, int questions) {
        return questions < 2 ? null : (Double) Math.sqrt(share * (1 - share) / (questions - 1));
    }
}
