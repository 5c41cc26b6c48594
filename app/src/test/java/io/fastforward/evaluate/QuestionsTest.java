package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.failure.FailureKind;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import io.fastforward.tokenizer.Tokenizer;
import java.util.List;
import org.junit.jupiter.api.Test;

class QuestionsTest {

    @Test
    void everyChoiceIsASequence() {
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            Questions questions = Questions.tokenize(
                    List.of(
                            new ChoiceTask("a", "The box is", List.of(" red", " blue"), 0),
                            new ChoiceTask("b", "The box is", List.of(" red", " blue", " green"), 1)),
                    tokenizer);
            assertThat(questions.size()).isEqualTo(2);
            assertThat(questions.sequences()).isEqualTo(5);
        }
    }

    @Test
    void aChoiceThatAddsNothingIsRefused() {
        List<ChoiceTask> tasks = List.of(
                new ChoiceTask("a", "The box is", List.of(" red", " blue"), 0),
                new ChoiceTask("a", "The box is", List.of(" red", ""), 0));
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            Failures.expect(
                    FailureKind.BAD_TEXT,
                    () -> Questions.tokenize(tasks, tokenizer),
                    "question 2",
                    "at least one token");
        }
    }
}
