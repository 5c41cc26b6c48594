package io.fastforward.spi.model;

/**
 * A place in a model where units can be removed: a module of a layer.
 *
 * @param layer its layer, counted from 0
 * @param kind which of the layer's modules it is
 * @param units how many units it has
 * @param unitParameters its cost: linear parameters, weights and biases, that go with each unit
 */
public record Site(int layer, Kind kind, int units, long unitParameters) {

    /** The modules of a layer, in the order of a policy. */
    public enum Kind {
        ATTENTION,
        MLP
    }
}
