package io.fastforward.spi.backend;

/**
 * How exactly a backend multiplies. Whatever it is, sums are in single precision or better, and so are hidden states,
 * features, normalisations, softmax, activations, likelihoods, moments, and all that a {@link DeviceMatrix} holds.
 */
public enum Precision {
    /** Products of numbers of single precision: 24 significant bits. */
    SINGLE("f32"),
    /**
     * Numbers may be rounded to bfloat16 before they are multiplied, to the nearest of 8 significant bits, that is by at
     * most 2⁻⁸ of themselves; what bfloat16 can represent stays as it is. That goes for both operands of every product of
     * matrices: weights and what they are multiplied by, queries and keys, attention and values.
     */
    BFLOAT16("bf16");

    private final String label;

    Precision(String label) {
        this.label = label;
    }

    /** Its name for people, settings and records. */
    public String label() {
        return label;
    }
}
