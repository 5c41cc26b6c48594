package io.fastforward.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.evaluate.ChoiceAccuracy.Questions;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.Policy;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TextSource;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The figures of the demo model are those of transformers in float32. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DemoFiguresTest {

    private final JsonNode expected = Golden.read("demo/expected.json");
    private final ComputeBackend backend = Backends.cpu();
    private final Model model = DemoModel.open();
    private final RunningModel running = new RunningModel(backend, model);
    private final Policy dense = model.spec().densePolicy();

    @AfterAll
    void close() {
        running.close();
        model.close();
        backend.close();
    }

    /** Asked for is 0.1 %; the sums differ by rounding alone, so that much less is found. */
    @Test
    void perplexity() {
        int[] tokens = DemoModel.tokens("validation.txt");
        assertThat(tokens).hasSize(expected.path("validationTokens").intValue());
        TokenWindows windows = TokenWindows.consecutive(tokens, DemoModel.WINDOW, Integer.MAX_VALUE);
        assertThat(windows.count()).isEqualTo(expected.path("windows").intValue());

        double[] logLikelihoods = running.logLikelihoods(windows);
        double[] losses = RunningModel.meanLosses(logLikelihoods, windows);
        assertThat(Arrays.copyOf(losses, 8))
                .containsExactly(Golden.doubles(expected.path("firstWindowLosses")), within(1e-5));
        assertThat(Math.exp(Arrays.stream(losses).limit(128).average().orElseThrow()))
                .isCloseTo(expected.path("perplexity128").doubleValue(), within(1e-4));
        assertThat(Math.exp(Perplexity.meanNegativeLogLikelihood(logLikelihoods, windows)))
                .isCloseTo(expected.path("perplexityAll").doubleValue(), within(1e-4));
    }

    @Test
    void logLikelihoodsOfChoices() {
        JsonNode first = expected.path("tasks").path("firstLogLikelihoods");
        assertThat(first).hasSize(8);
        Questions questions = questions(8);
        List<Integer> progress = new ArrayList<>();
        List<double[]> logLikelihoods = questions.logLikelihoods(running.decoder(), dense, progress::add);
        for (int task = 0; task < 8; task++) {
            assertThat(logLikelihoods.get(task)).containsExactly(Golden.doubles(first.get(task)), within(1e-3));
        }
        assertThat(progress).isSorted().endsWith(questions.sequences());
    }

    @Test
    void answers() {
        List<ChoiceTask> tasks = ChoiceTask.read(TextSource.of("task file", DemoModel.tasks()), 24);
        JsonNode answers = expected.path("tasks").path("answers");
        Map<String, Integer> rightByKind = new TreeMap<>();
        for (int task = 0; task < tasks.size(); task++) {
            int hit = answers.get(task).intValue() == tasks.get(task).answer() ? 1 : 0;
            rightByKind.merge(tasks.get(task).kind(), hit, Integer::sum);
        }
        ChoiceAccuracy accuracy = questions(24).ask(running.decoder(), dense, done -> {});
        assertThat(accuracy.rightByKind()).isEqualTo(rightByKind);
        assertThat(accuracy.totalByKind()).containsOnlyKeys("color", "count", "object", "person");
        assertThat(sum(accuracy.totalByKind())).isEqualTo(24);
        assertThat(accuracy.total()).isEqualTo(24);
        assertThat(accuracy.right()).isEqualTo(sum(rightByKind));
        assertThat(accuracy.accuracy()).isEqualTo(sum(rightByKind) / 24.0);
    }

    private static Questions questions(int count) {
        try (Tokenizer tokenizer = DemoModel.tokenizer()) {
            return Questions.tokenize(ChoiceTask.read(TextSource.of("task file", DemoModel.tasks()), count), tokenizer);
        }
    }

    private static int sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }
}
