package io.fastforward.report;

/**
 * What two models say after the same beginning.
 *
 * @param beginning words of a text
 * @param dense what the model says before pruning
 * @param pruned what the one that was written says
 */
public record Sample(String beginning, String dense, String pruned) {}
