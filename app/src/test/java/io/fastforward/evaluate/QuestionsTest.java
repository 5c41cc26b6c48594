package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Failures;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
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
            assertThat(questions.sequences()).isEqualTo(5);
        }
    }

    /** With resident layers the context is read once, with streamed ones every choice is a sequence of a batch. */
    @Test
    void contextsThatAreReadOnceGiveTheSame() {
        try (ComputeBackend backend = Backends.cpu();
                Model model = DemoModel.open();
                Tokenizer tokenizer = DemoModel.tokenizer();
                LayerSource resident = LayerSource.resident(backend, model.spec(), model);
                LayerSource streamed = LayerSource.streamed(backend, model.spec(), model);
                Decoder once = new Decoder(backend, resident, model.ends(), 1 << 24);
                Decoder batched = new Decoder(backend, streamed, model.ends(), 1 << 24)) {
            // Choices of different lengths, and one that changes the last token of the context.
            List<ChoiceTask> tasks = new ArrayList<>(ChoiceTask.read(TextSource.of("task file", DemoModel.tasks()), 3));
            tasks.add(new ChoiceTask("a", "The bo", List.of("x is red", "at", " is"), 0));
            tasks.add(new ChoiceTask("b", "A", List.of(" red box", " blue"), 0));
            Questions questions = Questions.tokenize(tasks, tokenizer);
            Policy policy = new Policy(model.spec().modules().stream()
                    .map(module -> module.units() / 2)
                    .toList());
            for (Policy each : List.of(policy, model.spec().densePolicy())) {
                List<Integer> progress = new ArrayList<>();
                List<double[]> expected = questions.logLikelihoods(batched, each, done -> {});
                List<double[]> actual = questions.logLikelihoods(once, each, progress::add);
                assertThat(progress.getLast()).isEqualTo(questions.sequences());
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(actual.get(i)).containsExactly(expected.get(i), within(1e-3));
                }
            }
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
