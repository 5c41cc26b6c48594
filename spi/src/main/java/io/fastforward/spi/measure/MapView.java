package io.fastforward.spi.measure;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DoubleMatrix;

/**
 * One linear map of a layer, and what was measured on what it gets to see. Everything is valid during the call that it is
 * given to.
 *
 * @param layer index of the decoder layer
 * @param role what the map does
 * @param map its weights, in their stored data type; read only
 * @param measured what the plugin wished for
 */
public record MapView(int layer, MapRole role, Linear map, Measured measured) {

    /** Where the map is to be found: its input is the module's, or the features. */
    public Tap tap() {
        return tap(role);
    }

    /** What a map of some role gets to see. */
    public static Tap tap(MapRole role) {
        return role.isOutput() ? Tap.FEATURES : Tap.INPUT;
    }

    /**
     * A moment of what the map gets to see, on the own stream.
     *
     * @throws IllegalArgumentException if it was not wished for
     */
    public DoubleMatrix moment(Moment moment) {
        return moment(moment, HiddenStream.OWN);
    }

    /**
     * A moment of what the map gets to see, on a stream; for {@link Moment#CROSS_GRAM}, Σ y xᵀ, that of y.
     *
     * @throws IllegalArgumentException if it was not wished for
     */
    public DoubleMatrix moment(Moment moment, HiddenStream stream) {
        return measured.get(new Wish(tap(), moment, stream));
    }

    /** Where it is, for messages: "layer 17, MLP_OUTPUT". */
    public String place() {
        return "layer " + layer + ", " + role;
    }
}
