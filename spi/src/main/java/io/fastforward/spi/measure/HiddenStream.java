package io.fastforward.spi.measure;

/** Whose hidden states a module sees when something is measured on it. */
public enum HiddenStream {
    /** Those behind the layers before as they are by now: pruned and repaired. */
    OWN,
    /** Those of the dense model, for the same tokens. */
    DENSE
}
