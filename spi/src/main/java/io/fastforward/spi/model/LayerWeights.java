package io.fastforward.spi.model;

/**
 * The weights of one decoder layer.
 *
 * @param attention of its attention module
 * @param mlp of its MLP module
 */
public record LayerWeights(AttentionWeights attention, MlpWeights mlp) {}
