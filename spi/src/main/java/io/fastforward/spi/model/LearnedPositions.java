package io.fastforward.spi.model;

/**
 * A vector for each position that is added to the token's embedding (OPT).
 *
 * @param offset rows of the stored matrix before that of position 0
 */
public record LearnedPositions(int offset) {}
