package io.fastforward.evaluate;

import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.search.Workload.Choice;
import io.fastforward.spi.search.Workload.Question;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

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

    /** Right answers ÷ questions. */
    public double accuracy() {
        return (double) right / total;
    }

    /** Questions as token sequences, ready to be asked of any number of models. */
    public static final class Questions {

        private final List<ChoiceTask> tasks;
        private final List<Question> questions;

        private Questions(List<ChoiceTask> tasks, List<Question> questions) {
            this.tasks = List.copyOf(tasks);
            this.questions = List.copyOf(questions);
        }

        /** Tokenises questions. */
        public static Questions tokenize(List<ChoiceTask> tasks, Tokenizer tokenizer) {
            List<Question> all = new ArrayList<>();
            for (int task = 0; task < tasks.size(); task++) {
                String context = tasks.get(task).context();
                int[] contextTokens = tokenizer.encode(context, true);
                List<String> choices = tasks.get(task).choices();
                List<Choice> sequences = new ArrayList<>();
                for (String choice : choices) {
                    int[] tokens = tokenizer.encode(context + choice, true);
                    int common = Arrays.mismatch(contextTokens, tokens); // less than 0 if there is none
                    if (common <= 0 || common == tokens.length) {
                        throw FailureKind.BAD_TEXT.failure("question " + (task + 1)
                                + ": a choice needs at least one token after at least one token"
                                + " of context");
                    }
                    sequences.add(new Choice(tokens, common));
                }
                all.add(new Question(sequences, tasks.get(task).answer()));
            }
            return new Questions(tasks, all);
        }

        /** Number of token sequences: one for each choice. */
        public int sequences() {
            return questions.stream()
                    .mapToInt(question -> question.choices().size())
                    .sum();
        }

        /** Their tokens. */
        public List<Question> tokens() {
            return questions;
        }

        /**
         * The log-likelihood of every choice of every question.
         *
         * @param progress is told the number of sequences that are done
         */
        public List<double[]> logLikelihoods(Decoder decoder, Policy policy, IntConsumer progress) {
            return ChoiceLikelihoods.of(questions, decoder, policy, progress);
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

    /** The first of the largest. */
    public static int indexOfLargest(double[] values) {
        return IntStream.range(0, values.length).reduce(0, (best, i) -> values[i] > values[best] ? i : best);
    }
}
