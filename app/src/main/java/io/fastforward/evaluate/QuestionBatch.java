package io.fastforward.evaluate;

import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.tokenizer.TokenWindows;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Choices of questions as windows of one length, so that they pass a model together.
 *
 * @param windows a choice each, padded at its end: attention is causal, so that changes nothing before it
 * @param choices what they are, in this order
 */
public record QuestionBatch(TokenWindows windows, List<Asked> choices) {

    private static final int SEQUENCES = 64;

    /**
     * A choice of a question.
     *
     * @param question index of the question
     * @param index of the choice among those of the question
     */
    public record Asked(int question, int index, Choice choice) {}

    public QuestionBatch {
        choices = List.copyOf(choices);
    }

    /** All choices of some questions; those of like length share a batch, so little is padded. */
    public static List<QuestionBatch> of(List<Question> questions) {
        List<Asked> all = new ArrayList<>();
        for (int question = 0; question < questions.size(); question++) {
            List<Choice> choices = questions.get(question).choices();
            for (int index = 0; index < choices.size(); index++) {
                all.add(new Asked(question, index, choices.get(index)));
            }
        }
        all.sort(Comparator.comparingInt(asked -> asked.choice().tokens().length));
        List<QuestionBatch> batches = new ArrayList<>();
        for (int first = 0; first < all.size(); first += SEQUENCES) {
            batches.add(padded(all.subList(first, Math.min(first + SEQUENCES, all.size()))));
        }
        return batches;
    }

    private static QuestionBatch padded(List<Asked> choices) {
        int length = choices.getLast().choice().tokens().length;
        int[] tokens = new int[choices.size() * length];
        for (int i = 0; i < choices.size(); i++) {
            int[] own = choices.get(i).choice().tokens();
            System.arraycopy(own, 0, tokens, i * length, own.length);
        }
        return new QuestionBatch(new TokenWindows(length, choices.size(), tokens), choices);
    }

    /**
     * Writes down the likelihood of each choice.
     *
     * @param firstWindow index of the first window that is known
     * @param logLikelihoods of the tokens that follow, from this window on, as of a decoder
     * @param results one array for each question, with a number for each choice
     */
    public void read(int firstWindow, double[] logLikelihoods, List<double[]> results) {
        int length = windows.length();
        for (int i = 0; i < logLikelihoods.length / length; i++) {
            Asked asked = choices.get(firstWindow + i);
            double sum = 0;
            for (int position = asked.choice().firstScored();
                    position < asked.choice().tokens().length;
                    position++) {
                sum += logLikelihoods[i * length + position - 1];
            }
            results.get(asked.question())[asked.index()] = sum;
        }
    }
}
