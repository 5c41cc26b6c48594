package io.fastforward.spi.model;

import org.jspecify.annotations.Nullable;

/**
 * The end of a decoder model: final normalisation and language-model head.
 *
 * @param normalization what the final normalisation computes; null if there is none, as in models whose layers
 *     normalise at their end
 * @param norm its weights; null if there is none
 * @param head {@code vocabulary × hidden}
 */
public record HeadWeights(
        @Nullable Normalization normalization, @Nullable NormWeights norm, Linear head) {

    public HeadWeights {
        if ((normalization == null) != (norm == null)) {
            throw new IllegalArgumentException("a final normalisation and its weights come together");
        }
    }
}
