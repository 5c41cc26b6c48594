package io.fastforward.spi.search;

import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.model.AttentionUnit;
import java.io.Serializable;
import java.util.List;
import java.util.Map;

/**
 * All that the trials of a search have in common, as plain data: with it and a copy of the model's files another
 * process evaluates any {@link TrialBatch} with the results of this one.
 *
 * @param model the directory of the model that is pruned
 * @param files its files: name and SHA-256 in lower-case hexadecimal, by which a copy is known
 * @param attentionUnit what of attention the candidates retain or not
 * @param order the parts of each module, numbered as in the model's files, the best ones first; a candidate retains the
 *     leading ones
 * @param windows text that the candidates are evaluated on
 * @param questions that they are asked besides, as far as the objective looks at them
 * @param objective what the loss is
 * @param repairedMaps by the index of modules: output maps that they have in some candidates in place of the model's own
 * @param backend id of the backend that evaluates them here; others may differ in the last bits
 * @param precision of its products
 * @param versions of what evaluates them here
 */
public record Workload(
        String model,
        Map<String, String> files,
        AttentionUnit attentionUnit,
        List<List<Integer>> order,
        Windows windows,
        List<Question> questions,
        Objective objective,
        Map<Integer, RepairedMap> repairedMaps,
        String backend,
        Precision precision,
        Map<String, String> versions)
        implements Serializable {

    /** What can be measured of a candidate; every one is 0 or more, and less is better. */
    public enum Measure {
        /** The mean negative log-likelihood of a window's predicted tokens, natural logarithm. */
        NEGATIVE_LOG_LIKELIHOOD,
        /** The mean over a window's predicted tokens of KL(dense model ‖ candidate) of the next token's distribution, in nats. */
        DIVERGENCE,
        /**
         * The mean over the questions of the negative logarithm of the right choice's share of the likelihood of all choices:
         * how far it is ahead.
         */
        MARGIN,
        /** The share of questions of which another choice is likelier than the right one. */
        ERRORS
    }

    /**
     * What a loss is: the mean of some measures. Those of questions are equal on every window.
     *
     * @param weights of the measures that count, positive, of sum 1
     */
    public record Objective(Map<Measure, Double> weights) implements Serializable {

        public Objective {
            weights = Map.copyOf(weights);
            double sum =
                    weights.values().stream().mapToDouble(Double::doubleValue).sum();
            if (weights.values().stream().anyMatch(weight -> !(weight > 0)) || Math.abs(sum - 1) > 1e-9) {
                throw new IllegalArgumentException(
                        "the weights of an objective must be positive and of sum 1, but are " + weights);
            }
        }

        /** One measure alone. */
        public static Objective of(Measure measure) {
            return new Objective(Map.of(measure, 1.0));
        }

        /** The weight of a measure; 0 if it does not count. */
        public double weight(Measure measure) {
            return weights.getOrDefault(measure, 0.0);
        }
    }

    /**
     * Token windows of equal length.
     *
     * @param length tokens of a window
     * @param tokens window after window; must not be changed
     */
    public record Windows(int length, int[] tokens) implements Serializable {

        public Windows {
            if (length < 1 || tokens.length % length != 0) {
                throw new IllegalArgumentException(tokens.length + " tokens make no windows of " + length);
            }
        }

        /** How many there are. */
        public int count() {
            return tokens.length / length;
        }
    }

    /**
     * A question.
     *
     * @param choices what may follow, at least two
     * @param answer the number of the right one
     */
    public record Question(List<Choice> choices, int answer) implements Serializable {

        public Question {
            choices = List.copyOf(choices);
            if (choices.size() < 2 || answer < 0 || answer >= choices.size()) {
                throw new IllegalArgumentException(
                        "a question has at least 2 choices and one of them is right, but it has " + choices.size()
                                + " and the answer " + answer);
            }
        }
    }

    /**
     * A question with one of its answers.
     *
     * @param tokens of both; must not be changed
     * @param firstScored the first one whose likelihood counts, at least 1
     */
    public record Choice(int[] tokens, int firstScored) implements Serializable {

        public Choice {
            if (firstScored < 1 || firstScored >= tokens.length) {
                throw new IllegalArgumentException("the likelihood of " + tokens.length + " tokens from token "
                        + firstScored + " on is that of none");
            }
        }
    }

    /**
     * The output map that repairs a module for one number of units.
     *
     * @param units of how many units: a candidate in which the module retains just as many has it, any other has not
     * @param file where it is: elements of 4 bytes, little-endian, row by row, {@code hidden × features of these units}, in
     *     the workload's order
     * @param sha256 of the file, in lower-case hexadecimal
     */
    public record RepairedMap(int units, String file, String sha256) implements Serializable {

        public RepairedMap {
            if (units < 1) {
                throw new IllegalArgumentException("no output map repairs a module of " + units + " units");
            }
        }
    }

    public Workload {
        files = Map.copyOf(files);
        repairedMaps = Map.copyOf(repairedMaps);
        order = order.stream().map(List::copyOf).toList();
        questions = List.copyOf(questions);
        versions = Map.copyOf(versions);
    }
}
