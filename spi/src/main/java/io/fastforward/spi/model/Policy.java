package io.fastforward.spi.model;

import java.io.Serializable;
import java.util.List;

/**
 * How many units each module retains, in the order of {@link SearchSpace}. A module that retains none goes altogether:
 * it is the identity, and its normalisation and biases go too.
 *
 * @param retained retained units, at least one of all modules; two numbers for each layer: units of attention, then MLP
 *     channels
 */
public record Policy(List<Integer> retained) implements Serializable {

    public Policy {
        retained = List.copyOf(retained);
        if (retained.isEmpty() || retained.size() % 2 != 0) {
            throw new IllegalArgumentException("a policy has two numbers a layer, but got " + retained.size());
        }
        for (int units : retained) {
            if (units < 0) {
                throw new IllegalArgumentException("a module cannot retain " + units + " units");
            }
        }
        if (retained.stream().allMatch(units -> units == 0)) {
            throw new IllegalArgumentException("a policy retains at least one unit of one module");
        }
    }

    /** Number of decoder layers. */
    public int layers() {
        return retained.size() / 2;
    }

    /** Retained units of a layer's attention: KV groups, unless others were chosen. */
    public int attentionUnits(int layer) {
        return retained.get(2 * layer);
    }

    /** Retained MLP channels of a layer. */
    public int channels(int layer) {
        return retained.get(2 * layer + 1);
    }
}
