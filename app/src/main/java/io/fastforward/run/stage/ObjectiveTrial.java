package io.fastforward.run.stage;

import io.fastforward.evaluate.ChoiceAccuracy;
import io.fastforward.evaluate.QuestionBatch;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.LanguageModelHead;
import io.fastforward.forward.LogitDivergence;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import io.fastforward.spi.search.Workload.Measure;
import io.fastforward.spi.search.Workload.Objective;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.tokenizer.TokenWindows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The losses of a batch of candidates: says what has to pass the layers for the workload's objective, and makes losses of
 * the hidden states that come out. Memory: the dense model's hidden states, if the objective compares with them.
 */
final class ObjectiveTrial implements AutoCloseable {

    private final Objective objective;
    private final List<Question> questions;
    private final List<TokenWindows> inputs = new ArrayList<>();
    private final List<QuestionBatch> batches;
    private final boolean readsText;
    private final TokenWindows text;
    private final Decoder decoder;
    private final @Nullable HiddenStates dense;
    private final List<Candidate> candidates;

    /** What is known of a candidate so far: a loss for each window of the text, and the likelihood of every choice. */
    private record Candidate(double[] text, List<double[]> choices) {}

    /** @param decoder of the dense model */
    ObjectiveTrial(Decoder decoder, Workload workload, TrialBatch batch) {
        this.decoder = decoder;
        this.objective = workload.objective();
        this.questions = asks() ? workload.questions() : List.of();
        this.batches = QuestionBatch.of(questions);
        this.text = windows(workload.windows(), batch.windows());
        this.readsText =
                weight(Measure.NEGATIVE_LOG_LIKELIHOOD) > 0 || weight(Measure.DIVERGENCE) > 0 || questions.isEmpty();
        if (readsText) {
            inputs.add(text);
        }
        batches.forEach(questionBatch -> inputs.add(questionBatch.windows()));
        candidates = batch.candidates().stream()
                .map(policy -> new Candidate(
                        new double[text.count()],
                        questions.stream()
                                .map(question -> new double[question.choices().size()])
                                .toList()))
                .toList();
        dense = weight(Measure.DIVERGENCE) > 0 ? decoder.denseStates(text) : null;
    }

    private static TokenWindows windows(Workload.Windows all, List<Integer> chosen) {
        return new TokenWindows(all.length(), all.count(), all.tokens()).subset(chosen);
    }

    private double weight(Measure measure) {
        return objective.weight(measure);
    }

    private boolean asks() {
        return weight(Measure.MARGIN) > 0 || weight(Measure.ERRORS) > 0;
    }

    /** What has to pass the layers. */
    List<TokenWindows> inputs() {
        return inputs;
    }

    /** Tokens that have passed all layers of the dense model for this. */
    double denseCost() {
        return dense == null ? 0 : text.tokens().length;
    }

    /** All that has to pass the layers is that many tokens. */
    double tokens() {
        return inputs.stream().mapToDouble(input -> input.tokens().length).sum();
    }

    /**
     * Something has passed.
     *
     * @param candidate with which one, by its index
     * @param input which of the {@link #inputs()}
     * @param firstWindow which windows of it, from this one on
     * @param head that belongs to the hidden states
     */
    void add(
            int candidate, int input, int firstWindow, TokenWindows part, HiddenStates states, LanguageModelHead head) {
        boolean ofText = readsText && input == 0;
        double[] logLikelihoods = new double[part.tokens().length];
        if (!ofText || weight(Measure.NEGATIVE_LOG_LIKELIHOOD) > 0 || dense == null) {
            head.logLikelihoods(part, states, logLikelihoods, 0);
        }
        if (!ofText) {
            batches.get(input - (readsText ? 1 : 0))
                    .read(firstWindow, logLikelihoods, candidates.get(candidate).choices());
            return;
        }
        double[] divergences = dense == null
                ? new double[logLikelihoods.length]
                : new LogitDivergence(decoder.head(), head)
                        .of(dense, firstWindow / HiddenStates.windowsPerChunk(part.length()), states);
        double[] losses = candidates.get(candidate).text();
        int predicted = part.length() - 1;
        for (int window = 0; window < part.count(); window++) {
            double sum = 0;
            for (int i = window * part.length(); i < window * part.length() + predicted; i++) {
                sum += weight(Measure.DIVERGENCE) * divergences[i]
                        - weight(Measure.NEGATIVE_LOG_LIKELIHOOD) * logLikelihoods[i];
            }
            losses[firstWindow + window] = sum / predicted;
        }
    }

    /** A candidate broke the model. */
    void broken(int candidate) {
        Arrays.fill(candidates.get(candidate).text(), Double.NaN);
    }

    /**
     * The results, once everything has passed.
     *
     * @param costs for each candidate
     */
    List<TrialExecutor.Result> results(double[] costs) {
        List<TrialExecutor.Result> results = new ArrayList<>();
        for (int i = 0; i < candidates.size(); i++) {
            double asked = questionLoss(candidates.get(i).choices());
            List<Double> losses = Arrays.stream(candidates.get(i).text())
                    .mapToObj(loss -> loss + asked)
                    .toList();
            results.add(new TrialExecutor.Result(losses, costs[i]));
        }
        return results;
    }

    private double questionLoss(List<double[]> choices) {
        double sum = 0;
        for (int i = 0; i < questions.size(); i++) {
            double[] likelihoods = choices.get(i);
            int answer = questions.get(i).answer();
            sum += weight(Measure.MARGIN) * margin(likelihoods, answer);
            sum += ChoiceAccuracy.indexOfLargest(likelihoods) == answer ? 0 : weight(Measure.ERRORS);
        }
        return questions.isEmpty() ? 0 : sum / questions.size();
    }

    /** The negative logarithm of the answer's share of all likelihoods; not finite if one of them is not. */
    private static double margin(double[] logLikelihoods, int answer) {
        double largest = Arrays.stream(logLikelihoods).max().orElseThrow();
        double sum = Arrays.stream(logLikelihoods)
                .map(logLikelihood -> Math.exp(logLikelihood - largest))
                .sum();
        return largest + Math.log(sum) - logLikelihoods[answer];
    }

    @Override
    public void close() {
        if (dense != null) {
            dense.close();
        }
    }
}
