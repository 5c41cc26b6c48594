package io.fastforward.spi.model;

import io.fastforward.spi.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a normalisation.
 *
 * @param weight {@code 1 × hidden}
 * @param bias {@code 1 × hidden}, or null if there is none
 */
public record NormWeights(Matrix weight, @Nullable Matrix bias) {}
