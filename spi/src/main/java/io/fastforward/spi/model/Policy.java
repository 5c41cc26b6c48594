package io.fastforward.spi.model;

import java.io.Serializable;
import java.util.List;

/**
 * How many units each module retains, in the order of {@link SearchSpace}.
 *
 * @param retained retained units, at least 1 each; two for each layer: of attention, then MLP channels
 */
public record Policy(List<Integer> retained) implements Serializable {

    public Policy {
        retained = List.copyOf(retained);
        if (retained.isEmpty() || retained.size() % 2 != 0) {
            throw new IllegalArgumentException("a policy has two numbers a layer, but got " + retained.size());
        }
        for (int units : retained) {
            if (units < 1) {
                throw new IllegalArgumentException("a module retains at least one unit, but got " + units);
            }
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
