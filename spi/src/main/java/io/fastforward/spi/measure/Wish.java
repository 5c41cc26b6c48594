package io.fastforward.spi.measure;

/**
 * Something that a plugin asks the engine to measure: a sum over all calibration tokens of what passes a tap.
 *
 * <p>The dense model's streams are the module's own where nothing before it was changed, and where the run repairs
 * towards the pruned prefix: there a module is to reproduce itself. Then a wish for {@link HiddenStream#DENSE} is answered with
 * the own stream's sums, as the same object.
 *
 * @param tap where
 * @param moment what is summed up
 * @param stream on which hidden states; for {@link Moment#CROSS_GRAM}, Σ y xᵀ, those of y, while x is the own stream's
 */
public record Wish(Tap tap, Moment moment, HiddenStream stream) {

    /**
     * @throws IllegalArgumentException for a cross moment of the own stream with itself: that is a Gram matrix; and for
     *     anything of the residual streams but the sums and cross moments of their difference
     */
    public Wish {
        if (tap == Tap.RESIDUAL
                && (stream == HiddenStream.OWN || moment == Moment.GRAM || moment == Moment.SQUARE_SUMS)) {
            throw new IllegalArgumentException("of what the dense residual stream has over the own one there are sums"
                    + " and cross moments, on the dense stream, but no " + moment + " on " + stream);
        }
        if (moment == Moment.CROSS_GRAM && stream == HiddenStream.OWN) {
            throw new IllegalArgumentException(
                    "a cross moment is of the dense stream and the own one; with itself, the own one has a Gram matrix");
        }
    }

    /** Something of the features on the module's own stream. */
    public static Wish features(Moment moment) {
        return new Wish(Tap.FEATURES, moment, HiddenStream.OWN);
    }

    /** Something of the features of the dense model. */
    public static Wish denseFeatures(Moment moment) {
        return new Wish(Tap.FEATURES, moment, HiddenStream.DENSE);
    }

    /** Something of what the dense residual stream has over the own one: the sums, or the cross moments with the features. */
    public static Wish residual(Moment moment) {
        return new Wish(Tap.RESIDUAL, moment, HiddenStream.DENSE);
    }

    /** Something of the input on the module's own stream. */
    public static Wish input(Moment moment) {
        return new Wish(Tap.INPUT, moment, HiddenStream.OWN);
    }

    /** Where the rows x of a cross moment pass: where those of y do, but for the residual the features. */
    public Tap rightTap() {
        return tap == Tap.RESIDUAL ? Tap.FEATURES : tap;
    }

    /** The same wish on a walk with a single stream, whichever that is; it has nothing over itself. */
    public Wish onSingleStream() {
        return tap == Tap.RESIDUAL
                ? this
                : new Wish(tap, moment == Moment.CROSS_GRAM ? Moment.GRAM : moment, HiddenStream.OWN);
    }

    /** For people: "square sums of the features". */
    @Override
    public String toString() {
        return switch (stream) {
                    case OWN -> "";
                    case DENSE -> "dense ";
                }
                + switch (moment) {
                    case SUMS -> "sums";
                    case SQUARE_SUMS -> "square sums";
                    case GRAM -> "Gram matrix";
                    case CROSS_GRAM -> "cross moments";
                }
                + " of the "
                + switch (tap) {
                    case INPUT -> "input";
                    case FEATURES -> "features";
                    case RESIDUAL -> "residual";
                };
    }
}
