package io.fastforward.evaluate;

import io.fastforward.forward.Decoder;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntConsumer;

/** How likely a model finds the choices of questions. */
public final class ChoiceLikelihoods {

    private ChoiceLikelihoods() {}

    /**
     * The log-likelihood of every choice of every question: the sum over its tokens that are scored, natural. What the
     * choices of a question begin with is read once if the decoder's layers stay loaded.
     *
     * @param progress is told the number of choices that are done
     */
    public static List<double[]> of(List<Question> questions, Decoder decoder, Policy policy, IntConsumer progress) {
        List<double[]> results = questions.stream()
                .map(question -> new double[question.choices().size()])
                .toList();
        Optional<IncrementalDecoder> reader = decoder.incremental(policy, longest(questions));
        if (reader.isPresent()) {
            try (IncrementalDecoder open = reader.get()) {
                readBeginningsOnce(questions, open, results, progress);
            }
        } else {
            batchByLength(questions, decoder, policy, results, progress);
        }
        return results;
    }

    private static int longest(List<Question> questions) {
        return questions.stream()
                .flatMap(question -> question.choices().stream())
                .mapToInt(choice -> choice.tokens().length)
                .max()
                .orElse(1);
    }

    private static void readBeginningsOnce(
            List<Question> questions, IncrementalDecoder reader, List<double[]> results, IntConsumer progress) {
        int done = 0;
        for (int question = 0; question < questions.size(); question++) {
            List<Choice> choices = questions.get(question).choices();
            int first = Math.max(1, alike(choices));
            reader.truncate(0);
            if (first > 1) {
                reader.skip(Arrays.copyOf(choices.getFirst().tokens(), first - 1));
            }
            for (int i = 0; i < choices.size(); i++) {
                int[] tokens = choices.get(i).tokens();
                reader.truncate(first - 1);
                double[] logLikelihoods = reader.logLikelihoods(
                        Arrays.copyOfRange(tokens, first - 1, tokens.length - 1),
                        Arrays.copyOfRange(tokens, first, tokens.length));
                results.get(question)[i] = Arrays.stream(logLikelihoods)
                        .skip(choices.get(i).firstScored() - (long) first)
                        .sum();
            }
            done += choices.size();
            progress.accept(done);
        }
    }

    /** How many tokens all choices begin with, none of them scored in any. */
    private static int alike(List<Choice> choices) {
        int[] tokens = choices.getFirst().tokens();
        int alike = choices.stream().mapToInt(Choice::firstScored).min().orElseThrow();
        for (Choice choice : choices) {
            int different = Arrays.mismatch(tokens, 0, alike, choice.tokens(), 0, alike);
            alike = different < 0 ? alike : different;
        }
        return alike;
    }

    /** For layers that are loaded anew for every batch. */
    private static void batchByLength(
            List<Question> questions, Decoder decoder, Policy policy, List<double[]> results, IntConsumer progress) {
        int done = 0;
        for (QuestionBatch batch : QuestionBatch.of(questions)) {
            batch.read(
                    0, decoder.logLikelihoods(batch.windows(), List.of(policy)).getFirst(), results);
            done += batch.choices().size();
            progress.accept(done);
        }
        for (int i = 0; i < questions.size(); i++) {
            equate(questions.get(i).choices(), results.get(i));
        }
    }

    /** The same choice twice is as likely both times: in two places of a batch it may differ by rounding. */
    private static void equate(List<Choice> choices, double[] logLikelihoods) {
        for (int i = 1; i < choices.size(); i++) {
            for (int j = 0; j < i; j++) {
                if (choices.get(i).firstScored() == choices.get(j).firstScored()
                        && Arrays.equals(choices.get(i).tokens(), choices.get(j).tokens())) {
                    logLikelihoods[i] = logLikelihoods[j];
                }
            }
        }
    }
}
