package io.fastforward.spi.model;

import io.fastforward.spi.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a linear map y = W x + b.
 *
 * @param weight W, {@code outputs × inputs}
 * @param bias b, {@code 1 × outputs}, or null if the map has none
 */
public record Linear(Matrix weight, @Nullable Matrix bias) {

    public Linear {
        if (bias != null && (bias.rows() != 1 || bias.columns() != weight.rows())) {
            throw new IllegalArgumentException(
                    "the bias must be 1 × " + weight.rows() + ", but is " + bias.rows() + " × " + bias.columns());
        }
    }

    /** A map without bias. */
    public static Linear of(Matrix weight) {
        return new Linear(weight, null);
    }
}
