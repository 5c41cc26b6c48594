package io.fastforward.spi.model;

/**
 * The normalisation at the entrance of a module: {@code RMS}: x · weight / sqrt(mean(x²) + ε);
 * {@code LAYER}: (x − mean) / sqrt(variance + ε) · weight + bias.
 *
 * @param kind which of the two
 * @param epsilon ε, greater than 0
 */
public record Normalization(Kind kind, double epsilon) {

    /** The two normalisations of today's decoder models. */
    public enum Kind {
        RMS,
        LAYER
    }

    public Normalization {
        if (!(epsilon > 0) || !Double.isFinite(epsilon)) {
            throw new IllegalArgumentException("the normalisation's epsilon must be greater than 0, but is " + epsilon);
        }
    }
}
