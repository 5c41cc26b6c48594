package io.fastforward.spi.model;

import org.jspecify.annotations.Nullable;

/**
 * Causal grouped-query attention with a residual connection. A unit is a KV group: one key/value head and the query
 * heads that share it; plain multi-head attention has one query head a group.
 *
 * <p>Rows of the query map: groups × queriesPerGroup × headSize; of key and value: groups × headSize. Columns of
 * the output map as rows of the query map.
 *
 * @param normalization normalisation of the input
 * @param hiddenSize width of the hidden state
 * @param headSize width of one head
 * @param groups number of KV groups
 * @param queriesPerGroup query heads that share a key/value head
 * @param rotary rotary positions, or null if the model has none
 * @param slidingWindow number of latest positions that a token sees, itself included; 0: all
 * @param inputBias whether query, key and value have biases
 * @param outputBias whether the output map has one
 */
public record AttentionSpec(
        Normalization normalization,
        int hiddenSize,
        int headSize,
        int groups,
        int queriesPerGroup,
        @Nullable RotaryPositions rotary,
        int slidingWindow,
        boolean inputBias,
        boolean outputBias)
        implements ModuleSpec {

    public AttentionSpec {
        if (hiddenSize < 1 || headSize < 1 || groups < 1 || queriesPerGroup < 1 || slidingWindow < 0) {
            throw new IllegalArgumentException("bad attention shape: hidden " + hiddenSize + ", head " + headSize
                    + ", groups " + groups + ", queries per group " + queriesPerGroup + ", window " + slidingWindow);
        }
        if (rotary != null && rotary.rotatedSize() > headSize) {
            throw new IllegalArgumentException(
                    "rotary positions turn " + rotary.rotatedSize() + " of " + headSize + " dimensions");
        }
    }

    /** The factor on the products of queries and keys: 1/√headSize. */
    public double scale() {
        return 1 / Math.sqrt(headSize);
    }

    @Override
    public int units() {
        return groups;
    }

    @Override
    public int featuresPerUnit() {
        return queriesPerGroup * headSize;
    }

    @Override
    public long parametersPerUnit() {
        long inputRows = featuresPerUnit() + 2L * headSize;
        return inputRows * (hiddenSize + (inputBias ? 1 : 0)) + (long) featuresPerUnit() * hiddenSize;
    }

    @Override
    public long fixedParameters() {
        return outputBias ? hiddenSize : 0;
    }

    @Override
    public AttentionSpec withUnits(int units) {
        return new AttentionSpec(
                normalization,
                hiddenSize,
                headSize,
                units,
                queriesPerGroup,
                rotary,
                slidingWindow,
                inputBias,
                outputBias);
    }
}
