package io.fastforward.prune;

import java.util.Locale;

/**
 * Where the hidden states come from that a layer is sparsified on. Within the layer, the own stream is what the already
 * sparse maps make of them, and the dense stream what the dense layer makes of the same ones.
 */
public enum LayerInput {
    /** What the already sparse layers before it produce: what it will see. */
    PRUNED_PREFIX,
    /** What the dense model's layers before it produce: then layers do not depend on each other. */
    DENSE_MODEL;

    /** As a user writes it. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
