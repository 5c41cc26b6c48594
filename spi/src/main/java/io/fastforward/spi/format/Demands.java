package io.fastforward.spi.format;

/**
 * What a format asks of every policy.
 *
 * @param widthMultiple a module that is pruned has a width that is a multiple of it; at least 1
 * @param wholeAttention whether attention is not to be pruned
 * @param wholeValues whether values stay as wide as keys, so that whole heads of attention may go, but not dimensions of
 *     values
 */
public record Demands(int widthMultiple, boolean wholeAttention, boolean wholeValues) {

    /** Nothing. */
    public static final Demands NONE = new Demands(1, false, false);

    public Demands {
        if (widthMultiple < 1) {
            throw new IllegalArgumentException("the multiple of widths must be at least 1, but is " + widthMultiple);
        }
    }
}
