package io.fastforward.nested;

/**
 * A module that was tried by itself, with half of its units and repaired.
 *
 * @param divergence what the model's predictions lose: mean KL(dense ‖ pruned) of the next token, in nats
 * @param cost what that took: tokens times the share of layers that they passed
 */
public record Probe(double divergence, double cost) {}
