package io.fastforward.spi.measure;

/** Where in a module something is measured. */
public enum Tap {
    /** What the maps that make the features get to see: the normalised hidden state; its width is the hidden size. */
    INPUT,
    /** What the output map gets to see: the features of all units. */
    FEATURES
}
