package io.fastforward.evaluate;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.Policy;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;

/**
 * Accuracy on multiple-choice questions: the choice with the highest total log-likelihood after the context wins.
 * Where tokens of the context change because a choice is joined to it, they count as part of the choice.
 *
 * @param right number of right answers
 * @param total number of questions
 * @param rightByKind right answers by kind of question
 * @param totalByKind questions by kind
 */
public record ChoiceAccuracy(int right, int total, Map<String, Integer> rightByKind, Map<String, Integer> totalByKind) {

    private static final int SEQUENCES_AT_ONCE = 64;

    /** Right answers ÷ questions. */
    public double accuracy() {
        return (double) right / total;
    }

    /** The tokens of one context with one choice, and where the choice begins. */
    private record Sequence(int task, int choice, int[] tokens, int firstScored) {}

    /** Questions as token sequences, ready to be asked of any number of models. */
    public static final class Questions {

        private final List<ChoiceTask> tasks;
        private final List<Sequence> sequences;

        private Questions(List<ChoiceTask> tasks, List<Sequence> sequences) {
            this.tasks = tasks;
            this.sequences = sequences;
        }

        /** Tokenises questions. */
        public static Questions tokenize(List<ChoiceTask> tasks, Tokenizer tokenizer) {
            List<Sequence> sequences = new ArrayList<>();
            for (int task = 0; task < tasks.size(); task++) {
                String context = tasks.get(task).context();
                int[] contextTokens = tokenizer.encode(context, true);
                List<String> choices = tasks.get(task).choices();
                for (int choice = 0; choice < choices.size(); choice++) {
                    int[] tokens = tokenizer.encode(context + choices.get(choice), true);
                    int common = commonPrefix(contextTokens, tokens);
                    if (common == 0 || common == tokens.length) {
                        throw new Failure(
                                FailureKind.BAD_TEXT,
                                "question " + (task + 1)
                                        + ": a choice needs at least one token after at least one token"
                                        + " of context");
                    }
                    sequences.add(new Sequence(task, choice, tokens, common));
                }
            }
            // Sequences of like length share a batch, so that little is padded.
            sequences.sort(Comparator.comparingInt(sequence -> sequence.tokens().length));
            return new Questions(List.copyOf(tasks), sequences);
        }

        /** Number of questions. */
        public int size() {
            return tasks.size();
        }

        /** Number of token sequences: one for each choice. */
        public int sequences() {
            return sequences.size();
        }

        /**
         * The log-likelihood of every choice of every question.
         *
         * @param progress is told the number of sequences that are done
         */
        public List<double[]> logLikelihoods(Decoder decoder, Policy policy, IntConsumer progress) {
            List<double[]> results = new ArrayList<>();
            tasks.forEach(task -> results.add(new double[task.choices().size()]));
            for (int first = 0; first < sequences.size(); first += SEQUENCES_AT_ONCE) {
                List<Sequence> batch = sequences.subList(first, Math.min(first + SEQUENCES_AT_ONCE, sequences.size()));
                score(decoder, policy, batch, results);
                progress.accept(first + batch.size());
            }
            return results;
        }

        /** Asks all questions of a model. */
        public ChoiceAccuracy ask(Decoder decoder, Policy policy, IntConsumer progress) {
            List<double[]> logLikelihoods = logLikelihoods(decoder, policy, progress);
            int right = 0;
            Map<String, Integer> rightByKind = new TreeMap<>();
            Map<String, Integer> totalByKind = new TreeMap<>();
            for (int i = 0; i < tasks.size(); i++) {
                ChoiceTask task = tasks.get(i);
                int hit = indexOfLargest(logLikelihoods.get(i)) == task.answer() ? 1 : 0;
                right += hit;
                rightByKind.merge(task.kind(), hit, Integer::sum);
                totalByKind.merge(task.kind(), 1, Integer::sum);
            }
            return new ChoiceAccuracy(right, tasks.size(), rightByKind, totalByKind);
        }
    }

    private static void score(Decoder decoder, Policy policy, List<Sequence> batch, List<double[]> results) {
        int length = batch.getLast().tokens().length;
        int[] padded = new int[batch.size() * length]; // causal attention: padding at the end changes nothing before it
        for (int i = 0; i < batch.size(); i++) {
            int[] tokens = batch.get(i).tokens();
            System.arraycopy(tokens, 0, padded, i * length, tokens.length);
        }
        double[] logLikelihoods = decoder.logLikelihoods(
                        new TokenWindows(length, batch.size(), padded), List.of(policy))
                .getFirst();
        for (int i = 0; i < batch.size(); i++) {
            Sequence sequence = batch.get(i);
            double sum = 0;
            for (int position = sequence.firstScored(); position < sequence.tokens().length; position++) {
                sum += logLikelihoods[i * length + position - 1];
            }
            results.get(sequence.task())[sequence.choice()] = sum;
        }
    }

    private static int commonPrefix(int[] left, int[] right) {
        int common = 0;
        while (common < Math.min(left.length, right.length) && left[common] == right[common]) {
            common++;
        }
        return common;
    }

    private static int indexOfLargest(double[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best;
    }
}
