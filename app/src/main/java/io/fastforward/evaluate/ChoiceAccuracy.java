package io.fastforward.evaluate;

import io.fastforward.failure.FailureKind;
import io.fastforward.forward.Decoder;
import io.fastforward.forward.IncrementalDecoder;
import io.fastforward.spi.model.Policy;
import io.fastforward.tokenizer.TokenWindows;
import io.fastforward.tokenizer.Tokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        private final List<List<Sequence>> choices;

        private Questions(List<ChoiceTask> tasks, List<List<Sequence>> choices) {
            this.tasks = tasks;
            this.choices = choices;
        }

        /** Tokenises questions. */
        public static Questions tokenize(List<ChoiceTask> tasks, Tokenizer tokenizer) {
            List<List<Sequence>> all = new ArrayList<>();
            for (int task = 0; task < tasks.size(); task++) {
                String context = tasks.get(task).context();
                int[] contextTokens = tokenizer.encode(context, true);
                List<String> choices = tasks.get(task).choices();
                List<Sequence> sequences = new ArrayList<>();
                for (int choice = 0; choice < choices.size(); choice++) {
                    int[] tokens = tokenizer.encode(context + choices.get(choice), true);
                    int common = Arrays.mismatch(contextTokens, tokens); // less than 0 if there is none
                    if (common <= 0 || common == tokens.length) {
                        throw FailureKind.BAD_TEXT.failure("question " + (task + 1)
                                + ": a choice needs at least one token after at least one token"
                                + " of context");
                    }
                    sequences.add(new Sequence(task, choice, tokens, common));
                }
                all.add(List.copyOf(sequences));
            }
            return new Questions(List.copyOf(tasks), all);
        }

        /** Number of token sequences: one for each choice. */
        public int sequences() {
            return choices.stream().mapToInt(List::size).sum();
        }

        /**
         * The log-likelihood of every choice of every question.
         *
         * @param progress is told the number of sequences that are done
         */
        public List<double[]> logLikelihoods(Decoder decoder, Policy policy, IntConsumer progress) {
            List<double[]> results = new ArrayList<>();
            tasks.forEach(task -> results.add(new double[task.choices().size()]));
            Optional<IncrementalDecoder> reader = decoder.incremental(policy, longest());
            if (reader.isPresent()) {
                try (IncrementalDecoder open = reader.get()) {
                    readContextsOnce(open, results, progress);
                }
            } else {
                batchByLength(decoder, policy, results, progress);
            }
            return results;
        }

        private int longest() {
            return choices.stream()
                    .flatMap(List::stream)
                    .mapToInt(sequence -> sequence.tokens().length)
                    .max()
                    .orElse(1);
        }

        /** The choices of a question begin alike, so that is read once. */
        private void readContextsOnce(IncrementalDecoder reader, List<double[]> results, IntConsumer progress) {
            int done = 0;
            for (List<Sequence> question : choices) {
                int shared =
                        question.stream().mapToInt(Sequence::firstScored).min().orElseThrow();
                reader.truncate(0);
                if (shared > 1) {
                    reader.skip(Arrays.copyOf(question.getFirst().tokens(), shared - 1));
                }
                for (Sequence sequence : question) {
                    int[] tokens = sequence.tokens();
                    reader.truncate(shared - 1);
                    double[] logLikelihoods = reader.logLikelihoods(
                            Arrays.copyOfRange(tokens, shared - 1, tokens.length - 1),
                            Arrays.copyOfRange(tokens, shared, tokens.length));
                    results.get(sequence.task())[sequence.choice()] = Arrays.stream(logLikelihoods)
                            .skip(sequence.firstScored() - (long) shared)
                            .sum();
                }
                done += question.size();
                progress.accept(done);
            }
        }

        /** For layers that are loaded anew for every batch; sequences of like length share one, so little is padded. */
        private void batchByLength(Decoder decoder, Policy policy, List<double[]> results, IntConsumer progress) {
            List<Sequence> sequences = choices.stream()
                    .flatMap(List::stream)
                    .sorted(Comparator.comparingInt(sequence -> sequence.tokens().length))
                    .toList();
            for (int first = 0; first < sequences.size(); first += SEQUENCES_AT_ONCE) {
                List<Sequence> batch = sequences.subList(first, Math.min(first + SEQUENCES_AT_ONCE, sequences.size()));
                score(decoder, policy, batch, results);
                progress.accept(first + batch.size());
            }
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

    private static int indexOfLargest(double[] values) {
        return IntStream.range(0, values.length).reduce(0, (best, i) -> values[i] > values[best] ? i : best);
    }
}
