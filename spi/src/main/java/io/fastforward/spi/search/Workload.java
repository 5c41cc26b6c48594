package io.fastforward.spi.search;

import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.tensor.DataType;
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
 * @param windows what the candidates are evaluated on
 * @param objective what the loss is
 * @param precision the data type of hidden states
 * @param versions of what evaluates them here
 */
public record Workload(
        String model,
        Map<String, String> files,
        AttentionUnit attentionUnit,
        List<List<Integer>> order,
        Windows windows,
        Objective objective,
        DataType precision,
        Map<String, String> versions)
        implements Serializable {

    /** What a loss is. */
    public enum Objective {
        /** The mean negative log-likelihood of all predicted tokens, natural logarithm. */
        NEGATIVE_LOG_LIKELIHOOD
    }

    /**
     * Token windows of equal length.
     *
     * @param length tokens of a window
     * @param tokens window after window; must not be changed
     * @param fullFidelity a batch of fewer windows than that chooses among the first so many by its seed; one of as many
     *     or more takes the first ones
     */
    public record Windows(int length, int[] tokens, int fullFidelity) implements Serializable {

        public Windows {
            if (length < 1
                    || tokens.length % length != 0
                    || fullFidelity < 1
                    || fullFidelity > tokens.length / length) {
                throw new IllegalArgumentException(tokens.length + " tokens make no windows of " + length
                        + ", at least " + fullFidelity + " of them");
            }
        }
    }

    public Workload {
        files = Map.copyOf(files);
        order = order.stream().map(List::copyOf).toList();
        versions = Map.copyOf(versions);
    }
}
