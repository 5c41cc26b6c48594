package io.fastforward.export;

import java.util.Optional;

/**
 * The number by which DeciLM's readers compute an MLP's width: {@code int(2 · multiplier · hidden size / 3)}, rounded up to
 * the next multiple of {@value #MULTIPLE}. Some round the multiplier to six decimals before, so it has no more of them.
 *
 * @param value the multiplier
 */
record FeedForwardMultiplier(double value) {

    /** What divides every width. */
    static final int MULTIPLE = 256;

    private static final double DECIMALS = 1e6;

    /** The multiplier from which a reader computes a width; empty if it gets there from none. */
    static Optional<FeedForwardMultiplier> of(int width, int hiddenSize) {
        // Rounded down, because readers round up.
        double value = Math.floor(3.0 * width / (2.0 * hiddenSize) * DECIMALS) / DECIMALS;
        FeedForwardMultiplier multiplier = new FeedForwardMultiplier(value);
        return value > 0 && multiplier.width(hiddenSize) == width ? Optional.of(multiplier) : Optional.empty();
    }

    /** The width that a reader computes, by its operations in their order. */
    long width(int hiddenSize) {
        long width = (long) (2 * value * hiddenSize / 3);
        return width % MULTIPLE == 0 ? width : width + MULTIPLE - width % MULTIPLE;
    }
}
