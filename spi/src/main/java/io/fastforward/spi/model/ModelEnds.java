package io.fastforward.spi.model;

import io.fastforward.spi.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/**
 * What comes before and after the decoder layers. Pruning leaves it as it is.
 *
 * @param embedding a vector for each token, {@code vocabulary × embedding size}
 * @param positions a vector for each position, {@code context × hidden}, or null if there are none
 * @param inputProjection from embeddings to hidden states, {@code hidden × embedding size}; null if the sizes agree
 * @param outputProjection from hidden states back, {@code embedding size × hidden}; null if the sizes agree
 * @param head final normalisation, of the hidden state, and head, {@code vocabulary × embedding size}
 */
public record ModelEnds(
        Matrix embedding,
        @Nullable Matrix positions,
        @Nullable Matrix inputProjection,
        @Nullable Matrix outputProjection,
        HeadWeights head) {}
