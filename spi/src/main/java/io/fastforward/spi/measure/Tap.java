package io.fastforward.spi.measure;

/** Where in a module something is measured. */
public enum Tap {
    /** What the maps that make the features get to see: the normalised hidden state; its width is the hidden size. */
    INPUT,
    /** What the output map gets to see: the features of all units. */
    FEATURES,
    /**
     * What the dense model's residual stream has over the own one, where the output of the module is added to it: the error
     * that pruned layers before have left; its width is the hidden size. In a cross moment it is y, and x are the own
     * features. It is measured only where a run repairs towards the residual stream.
     */
    RESIDUAL
}
