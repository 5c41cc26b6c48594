package io.fastforward.run.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.LayerSource;
import io.fastforward.model.Model;
import io.fastforward.nested.NestedModel;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Measure;
import io.fastforward.spi.search.Workload.Objective;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.testing.Backends;
import io.fastforward.testing.RandomLlama;
import io.fastforward.testing.RunningModel;
import io.fastforward.tokenizer.TokenWindows;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What candidates lose by each measure, against its definition, in double precision from their logits. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RewardEvaluatorTest {

    private static final Policy DENSE = new Policy(List.of(3, 10, 3, 10));
    private static final List<Policy> CANDIDATES =
            List.of(new Policy(List.of(2, 7, 3, 4)), DENSE, new Policy(List.of(2, 7, 1, 9)));
    private static final List<Integer> CHOSEN = List.of(1, 4, 5);

    private static final List<Question> QUESTIONS = List.of(
            new Question(List.of(choice(2, 3, 4, 5), choice(2, 3, 4, 6, 7), choice(1, 3, 9)), 1),
            new Question(List.of(choice(1, 8, 2), choice(3, 8, 1, 1, 5, 2)), 0),
            new Question(List.of(choice(2, 11, 12, 13), choice(2, 11, 12, 14)), 1));

    private final ComputeBackend backend = Backends.cpu();
    private Model model;
    private TokenWindows windows;

    private static Choice choice(int firstScored, int... tokens) {
        return new Choice(tokens, firstScored);
    }

    @BeforeAll
    void writeModel(@TempDir Path directory) {
        model = Model.open(new RandomLlama().write(directory));
        windows = RunningModel.randomWindows(model.spec(), 7, 6, 3);
    }

    @AfterAll
    void close() {
        model.close();
        backend.close();
    }

    private List<Result> evaluate(Objective objective) {
        Workload workload = new Workload(
                "",
                Map.of(),
                AttentionUnit.KV_GROUP,
                List.of(),
                new Workload.Windows(windows.length(), windows.tokens()),
                QUESTIONS,
                objective,
                Map.of(),
                "cpu",
                Precision.SINGLE,
                Map.of());
        try (LayerSource layers = LayerSource.resident(backend, model.spec(), model);
                Decoder decoder = new Decoder(backend, layers, model.ends(), 1 << 20)) {
            return new RewardEvaluator(decoder, workload).evaluate(new TrialBatch(CHOSEN, CANDIDATES));
        }
    }

    @ParameterizedTest
    @EnumSource(Measure.class)
    void everyMeasureIsWhatItsDefinitionSays(Measure measure) {
        List<Result> results = evaluate(Objective.of(measure));
        assertThat(results).hasSize(3);
        for (int i = 0; i < 3; i++) {
            assertThat(results.get(i).losses()).hasSize(3);
            for (int window = 0; window < 3; window++) {
                assertThat(results.get(i).losses().get(window))
                        .as("candidate %d, window %d", i, window)
                        .isCloseTo(expected(measure, CANDIDATES.get(i), CHOSEN.get(window)), within(2e-5));
            }
        }
        if (measure == Measure.DIVERGENCE) {
            assertThat(results.get(1).losses()).containsOnly(0.0);
            assertThat(results.get(0).losses()).allMatch(loss -> loss > 1e-3);
        }
    }

    @Test
    void aMixIsTheWeightedMean() {
        Map<Measure, Double> weights = Map.of(
                Measure.NEGATIVE_LOG_LIKELIHOOD,
                0.4,
                Measure.DIVERGENCE,
                0.3,
                Measure.MARGIN,
                0.2,
                Measure.ERRORS,
                0.1);
        List<Result> mixed = evaluate(new Objective(weights));
        for (int i = 0; i < 3; i++) {
            for (int window = 0; window < 3; window++) {
                Policy candidate = CANDIDATES.get(i);
                int chosen = CHOSEN.get(window);
                double expected = weights.entrySet().stream()
                        .mapToDouble(term -> term.getValue() * expected(term.getKey(), candidate, chosen))
                        .sum();
                assertThat(mixed.get(i).losses().get(window)).isCloseTo(expected, within(2e-5));
            }
        }
    }

    @Test
    void costsAreTokensTimesTheShareOfLayersThatTheyPass() {
        double text = 3 * 7;
        double asked = 3 * 5 + 2 * 6 + 2 * 4;
        assertThat(evaluate(Objective.of(Measure.NEGATIVE_LOG_LIKELIHOOD)).stream()
                        .map(Result::cost))
                .containsExactly(text, text, text / 2); // the first layer is that of the first candidate
        List<Result> compared = evaluate(Objective.of(Measure.DIVERGENCE));
        assertThat(compared.getFirst().cost()).isEqualTo(2 * text); // once more with all of the dense model
        // Sequences are padded to the longest of their batch.
        assertThat(evaluate(Objective.of(Measure.MARGIN)).getFirst().cost()).isBetween(asked, 7 * 6.0);
    }

    private double expected(Measure measure, Policy candidate, int window) {
        int[] tokens = Arrays.copyOfRange(windows.tokens(), window * 7, (window + 1) * 7);
        return switch (measure) {
            case NEGATIVE_LOG_LIKELIHOOD -> -logLikelihood(candidate, 1, tokens) / 6;
            case DIVERGENCE -> divergence(candidate, tokens);
            case MARGIN ->
                QUESTIONS.stream()
                        .mapToDouble(question -> {
                            double[] likelihoods = likelihoods(candidate, question);
                            return -Math.log(likelihoods[question.answer()]
                                    / Arrays.stream(likelihoods).sum());
                        })
                        .average()
                        .orElseThrow();
            case ERRORS ->
                QUESTIONS.stream()
                        .mapToDouble(question -> {
                            double[] likelihoods = likelihoods(candidate, question);
                            double best = Arrays.stream(likelihoods).max().orElseThrow();
                            return likelihoods[question.answer()] == best ? 0 : 1;
                        })
                        .average()
                        .orElseThrow();
        };
    }

    private double[] likelihoods(Policy candidate, Question question) {
        return question.choices().stream()
                .mapToDouble(choice -> Math.exp(logLikelihood(candidate, choice.firstScored(), choice.tokens())))
                .toArray();
    }

    private double logLikelihood(Policy candidate, int firstScored, int[] tokens) {
        double[][] logProbabilities = logProbabilities(candidate, tokens);
        double sum = 0;
        for (int position = firstScored; position < tokens.length; position++) {
            sum += logProbabilities[position - 1][tokens[position]];
        }
        return sum;
    }

    private double divergence(Policy candidate, int[] tokens) {
        double[][] dense = logProbabilities(DENSE, tokens);
        double[][] other = logProbabilities(candidate, tokens);
        double sum = 0;
        for (int position = 0; position < tokens.length - 1; position++) {
            for (int j = 0; j < dense[position].length; j++) {
                sum += Math.exp(dense[position][j]) * (dense[position][j] - other[position][j]);
            }
        }
        return sum / (tokens.length - 1);
    }

    private double[][] logProbabilities(Policy candidate, int[] tokens) {
        ModelSpec pruned = model.spec().pruned(candidate);
        WeightSource cut = (layer, arena) -> NestedModel.cut(pruned.layers().get(layer), model.layer(layer), arena);
        float[] logits;
        try (RunningModel running = new RunningModel(backend, model, pruned, cut)) {
            logits = running.logits(tokens);
        }
        int vocabulary = model.spec().vocabularySize();
        double[][] result = new double[tokens.length][vocabulary];
        for (int position = 0; position < tokens.length; position++) {
            double sum = 0;
            for (int j = 0; j < vocabulary; j++) {
                sum += Math.exp(logits[position * vocabulary + j]);
            }
            for (int j = 0; j < vocabulary; j++) {
                result[position][j] = logits[position * vocabulary + j] - Math.log(sum);
            }
        }
        return result;
    }
}
