package io.fastforward.spi.model;

/**
 * The end of a decoder model: final normalisation and language-model head.
 *
 * @param normalization what the final normalisation computes
 * @param norm its weights
 * @param head {@code vocabulary × hidden}
 */
public record HeadWeights(Normalization normalization, NormWeights norm, Linear head) {}
