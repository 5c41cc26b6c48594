package io.fastforward.prune;

/** What a calibrated module is to reproduce. */
public enum CalibrationTarget {
    /** Its own dense output on the hidden states of the pruned prefix. */
    PREFIX,
    /** The dense model's output, which also repairs the error inherited from earlier layers; needs a second stream. */
    DENSE
}
