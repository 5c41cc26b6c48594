package io.fastforward.spi.model;

/** The non-linearity of an MLP module. */
public enum Activation {
    /** x · sigmoid(x). */
    SILU,
    /** max(0, x). */
    RELU
}
