package io.fastforward.model;

import io.fastforward.spi.model.AttentionWeights;
import io.fastforward.spi.model.MlpWeights;

/**
 * The weights of one decoder layer.
 *
 * @param attention of its attention module
 * @param mlp of its MLP module
 */
public record LayerWeights(AttentionWeights attention, MlpWeights mlp) {}
