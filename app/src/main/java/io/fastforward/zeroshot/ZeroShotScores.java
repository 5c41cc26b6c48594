package io.fastforward.zeroshot;

import io.fastforward.evaluate.ChoiceLikelihoods;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.model.Policy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * How a model does in a suite.
 *
 * @param harness whose scoring this reproduces
 * @param shots examples before each question
 * @param tasks what was asked
 * @param missing tasks of the suite of which there was no file
 * @param averageAcc mean of the tasks' {@code acc}, each task counting once
 * @param averageAccNorm the same of {@code acc_norm}, or {@code acc} for tasks without
 */
public record ZeroShotScores(
        String harness,
        int shots,
        List<TaskScore> tasks,
        List<String> missing,
        double averageAcc,
        double averageAccNorm) {

    public ZeroShotScores {
        tasks = List.copyOf(tasks);
        missing = List.copyOf(missing);
    }

    /**
     * Asks all questions of a model.
     *
     * @param questions of the suite's tasks
     * @param progress is told the number of choices that are done
     * @throws Failure of kind {@link FailureKind#NOT_FINITE} if a log-likelihood is not finite
     */
    public static ZeroShotScores ask(
            ZeroShotSuite suite, List<TaskQuestions> questions, Decoder decoder, Policy policy, IntConsumer progress) {
        List<TaskScore> scores = new ArrayList<>();
        int before = 0;
        for (TaskQuestions task : questions) {
            int done = before;
            List<double[]> logLikelihoods =
                    ChoiceLikelihoods.of(task.questions(), decoder, policy, choices -> progress.accept(done + choices));
            requireFinite(task.task(), logLikelihoods);
            scores.add(TaskScore.of(task, logLikelihoods));
            before += task.sequences();
        }
        return new ZeroShotScores(
                ZeroShotTask.HARNESS,
                suite.shots(),
                scores,
                suite.missingNames(),
                scores.stream().mapToDouble(TaskScore::acc).average().orElseThrow(),
                scores.stream()
                        .mapToDouble(score -> score.accNorm() == null ? score.acc() : score.accNorm())
                        .average()
                        .orElseThrow());
    }

    /** Questions of all tasks. */
    public int questions() {
        return tasks.stream().mapToInt(TaskScore::questions).sum();
    }

    private static void requireFinite(ZeroShotTask task, List<double[]> logLikelihoods) {
        for (int i = 0; i < logLikelihoods.size(); i++) {
            if (!Arrays.stream(logLikelihoods.get(i)).allMatch(Double::isFinite)) {
                throw FailureKind.NOT_FINITE.failure("a log-likelihood of question " + (i + 1) + " of "
                        + task.taskName() + " is not a finite number; the weights or the activations overflow");
            }
        }
    }
}
