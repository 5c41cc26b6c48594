package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskScoreTest {

    private static TaskScore score(ZeroShotTask task, List<Integer> answers, List<int[]> lengths, double[]... values) {
        Choice choice = new Choice(new int[] {1, 2}, 1);
        List<Question> questions = answers.stream()
                .map(answer -> new Question(List.of(choice, choice, choice), answer))
                .toList();
        return TaskScore.of(new TaskQuestions(task, questions, lengths, 0), List.of(values));
    }

    @Test
    void theFirstOfEqualChoicesIsChosen() {
        TaskScore score = score(
                ZeroShotTask.PIQA,
                List.of(1, 2),
                List.of(new int[] {1, 4, 2}, new int[] {2, 2, 2}),
                new double[] {-2, -2, -2},
                new double[] {-3, -1, -1});
        assertThat(score.answers().get(0).chosen()).isZero();
        assertThat(score.answers().get(0).chosenNorm()).isEqualTo(1);
        assertThat(score.answers().get(1).chosen()).isEqualTo(1);
        assertThat(score.acc()).isZero();
        assertThat(score.accStderr()).isZero();
        assertThat(score.accNorm()).isEqualTo(0.5);
        assertThat(score.accNormStderr()).isCloseTo(0.5, within(1e-15));
    }

    /** Python divides by zero there, with a warning. */
    @Test
    void aChoiceWithoutCharactersIsNeverTheLikeliestForEach() {
        TaskScore score =
                score(ZeroShotTask.HELLASWAG, List.of(1), List.of(new int[] {0, 5, 5}), new double[] {-1, -50, -60});
        assertThat(score.answers().getFirst().chosen()).isZero();
        assertThat(score.answers().getFirst().chosenNorm()).isEqualTo(1);
    }

    @Test
    void oneQuestionHasNoStandardError() {
        TaskScore score =
                score(ZeroShotTask.BOOLQ, List.of(0), List.of(new int[] {2, 3, 3}), new double[] {-1, -2, -3});
        assertThat(score.acc()).isEqualTo(1);
        assertThat(score.accStderr()).isNull();
        assertThat(score.accNorm()).isNull();
        assertThat(score.accNormStderr()).isNull();
        assertThat(score.answers().getFirst().chosenNorm()).isNull();
    }
}
