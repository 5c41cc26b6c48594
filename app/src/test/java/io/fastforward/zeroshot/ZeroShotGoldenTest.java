package io.fastforward.zeroshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testing.Backends;
import io.fastforward.testing.DemoModel;
import io.fastforward.testing.Golden;
import io.fastforward.tokenizer.Tokenizer;
import io.fastforward.zeroshot.TaskScore.Answered;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What lm-evaluation-harness makes of the same files with the demo model: see scripts/golden/make_zero_shot.py. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ZeroShotGoldenTest {

    /**
     * The harness adds up to 80 tokens' log-likelihoods in single precision, to sums of about −200: each addition rounds by
     * up to 200 · 2⁻²⁴ = 1.2e-5, all together by less than 1e-3, and by less than 3e-4 where it was measured. The script
     * refuses questions whose answer turns on less than twice this.
     */
    private static final double TOLERANCE = 5e-4;

    private final JsonNode expected = Golden.read("zero-shot/expected.json");
    private final ComputeBackend backend = Backends.cpu();
    private final Model model = DemoModel.open();

    private Tokenizer tokenizer;

    @BeforeAll
    void open() {
        tokenizer = DemoModel.tokenizer();
    }

    @AfterAll
    void close() {
        tokenizer.close();
        model.close();
        backend.close();
    }

    private static List<ZeroShotSuite.Wanted> runs(JsonNode expected) {
        List<ZeroShotSuite.Wanted> runs = new ArrayList<>();
        for (JsonNode run : expected.path("runs")) {
            runs.add(new ZeroShotSuite.Wanted(
                    Golden.path("zero-shot"),
                    List.of(),
                    run.path("limit").asInt(Integer.MAX_VALUE),
                    run.path("shots").intValue()));
        }
        return runs;
    }

    @Test
    void theGoldenFileIsOfTheVersionThatIsNamed() {
        assertThat(ZeroShotTask.HARNESS)
                .endsWith(" " + expected.path("versions").path("lm-eval").textValue());
    }

    @Test
    void promptsAreThoseOfTheHarness() {
        int asked = 0;
        for (int run = 0; run < 3; run++) {
            ZeroShotSuite.Wanted wanted = runs(expected).get(run);
            for (ZeroShotSuite.Part part : ZeroShotSuite.read(wanted).parts()) {
                JsonNode questions = questions(run, part.task().taskName());
                var examples = part.examples().map(file -> new FewShotExamples(part.task(), file, wanted.shots()));
                assertThat(part.file().lines()).hasSameSizeAs(questions);
                for (int i = 0; i < questions.size(); i++) {
                    TaskFile.Line line = part.file().lines().get(i);
                    String before =
                            examples.map(few -> few.before(line.document())).orElse("");
                    ZeroShotQuestion question = line.question().behind(before);
                    assertThat(question.contexts().stream().distinct())
                            .as("%s %s with %s examples", part.task(), i, wanted.shots())
                            .containsExactlyElementsOf(texts(questions.get(i).path("contexts")));
                    assertThat(question.continuations().stream()
                                    .map(ZeroShotQuestion.DELIMITER::concat)
                                    .distinct())
                            .containsExactlyElementsOf(texts(questions.get(i).path("continuations")));
                    asked++;
                }
            }
        }
        assertThat(asked).isEqualTo(7 * (32 + 10 + 10));
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void everyQuestionIsAnsweredAsInTheHarness(boolean resident) {
        try (LayerSource layers = resident
                        ? LayerSource.resident(backend, model.spec(), model)
                        : LayerSource.streamed(backend, model.spec(), model);
                Decoder decoder = new Decoder(backend, layers, model.ends(), 1 << 24)) {
            for (int run = 0; run < (resident ? 3 : 1); run++) {
                ZeroShotSuite suite = ZeroShotSuite.read(runs(expected).get(run));
                List<TaskQuestions> questions =
                        suite.tokenize(tokenizer, model.spec().contextLength());
                List<Integer> progress = new ArrayList<>();
                ZeroShotScores scores = ZeroShotScores.ask(
                        suite, questions, decoder, model.spec().densePolicy(), progress::add);
                assertThat(progress)
                        .isSorted()
                        .endsWith(questions.stream()
                                .mapToInt(TaskQuestions::sequences)
                                .sum());
                assertThat(scores.tasks()).hasSize(7);
                for (TaskScore score : scores.tasks()) {
                    compare(score, expected.path("runs").get(run).path("tasks").path(score.task()));
                }
            }
        }
    }

    private static void compare(TaskScore score, JsonNode figures) {
        assertThat(score.acc()).isCloseTo(figures.path("acc").doubleValue(), within(1e-12));
        assertThat(score.accStderr()).isCloseTo(figures.path("accStderr").doubleValue(), within(1e-12));
        assertThat(score.accNorm() != null).isEqualTo(figures.has("accNorm"));
        if (score.accNorm() != null) {
            assertThat(score.accNorm()).isCloseTo(figures.path("accNorm").doubleValue(), within(1e-12));
            assertThat(score.accNormStderr())
                    .isCloseTo(figures.path("accNormStderr").doubleValue(), within(1e-12));
        }
        assertThat(score.answers()).hasSameSizeAs(figures.path("questions"));
        for (int i = 0; i < score.answers().size(); i++) {
            compare(score.answers().get(i), figures.path("questions").get(i), score.task() + " " + i);
        }
    }

    private static void compare(Answered answer, JsonNode question, String name) {
        double[] logLikelihoods = Golden.doubles(question.path("logLikelihoods"));
        assertThat(answer.logLikelihoods().stream()
                        .mapToDouble(Double::doubleValue)
                        .toArray())
                .as(name)
                .containsExactly(logLikelihoods, within(TOLERANCE));
        assertThat(answer.chosen() == answer.right() ? 1.0 : 0.0)
                .as(name)
                .isEqualTo(question.path("acc").doubleValue());
        if (question.has("accNorm")) {
            assertThat(Integer.valueOf(answer.right()).equals(answer.chosenNorm()) ? 1.0 : 0.0)
                    .as(name)
                    .isEqualTo(question.path("accNorm").doubleValue());
        }
    }

    private JsonNode questions(int run, String task) {
        return expected.path("runs").get(run).path("tasks").path(task).path("questions");
    }

    private static List<String> texts(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .map(JsonNode::textValue)
                .toList();
    }
}
