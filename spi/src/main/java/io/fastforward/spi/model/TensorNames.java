package io.fastforward.spi.model;

import org.jspecify.annotations.Nullable;

/**
 * Which tensor of a checkpoint plays which role. Names are without the ending {@code .weight} or {@code .bias}; names of
 * layers have {@code %d} where the layer's index goes.
 *
 * @param embedding token embedding
 * @param positions embedding of positions, or null if the family has none
 * @param inputProjection map from embeddings to hidden states, or null if the family never has one
 * @param outputProjection map from hidden states back, or null if the family never has one
 * @param finalNorm normalisation before the head
 * @param head language-model head
 * @param attentionNorm normalisation before attention
 * @param query query map
 * @param key key map
 * @param value value map
 * @param attentionOutput attention's output map
 * @param mlpNorm normalisation before the MLP
 * @param gate gate map, or null if the family has none
 * @param up up map
 * @param mlpOutput down map
 */
public record TensorNames(
        String embedding,
        @Nullable String positions,
        @Nullable String inputProjection,
        @Nullable String outputProjection,
        String finalNorm,
        String head,
        String attentionNorm,
        String query,
        String key,
        String value,
        String attentionOutput,
        String mlpNorm,
        @Nullable String gate,
        String up,
        String mlpOutput) {}
