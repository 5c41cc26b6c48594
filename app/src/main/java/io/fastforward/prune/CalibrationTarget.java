package io.fastforward.prune;

/** What a calibrated module is to reproduce. */
public enum CalibrationTarget {
    /** Its own dense output on the hidden states of the pruned prefix. */
    PREFIX,
    /** The dense model's output, which also repairs the error inherited from earlier layers; needs a second stream. */
    DENSE,
    /**
     * The dense model's output, and what the residual stream lacks of the dense one besides: the module makes up for what
     * earlier layers did not add; needs a second stream and one more cross moment.
     */
    RESIDUAL
}
