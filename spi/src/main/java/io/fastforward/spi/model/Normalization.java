package io.fastforward.spi.model;

/**
 * The normalisation of a module: {@code RMS}: x · weight / sqrt(mean(x²) + ε);
 * {@code LAYER}: (x − mean) / sqrt(variance + ε) · weight + bias.
 *
 * @param kind which of the two
 * @param epsilon ε, greater than 0
 * @param placement what is normalised
 */
public record Normalization(Kind kind, double epsilon, Placement placement) {

    /** The two normalisations of today's decoder models. */
    public enum Kind {
        RMS,
        LAYER
    }

    /** Where in a module the normalisation is. */
    public enum Placement {
        /** What the module's input maps get to see: {@code hidden += output · features(normalise(hidden))}. */
        BEFORE,
        /** What the module leaves behind: {@code hidden = normalise(hidden + output · features(hidden))}. */
        AFTER
    }

    public Normalization {
        if (!(epsilon > 0) || !Double.isFinite(epsilon)) {
            throw new IllegalArgumentException("the normalisation's epsilon must be greater than 0, but is " + epsilon);
        }
    }

    /** The normalisation of nearly all models: before a module. */
    public Normalization(Kind kind, double epsilon) {
        this(kind, epsilon, Placement.BEFORE);
    }
}
