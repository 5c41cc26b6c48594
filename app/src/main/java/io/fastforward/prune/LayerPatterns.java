package io.fastforward.prune;

/**
 * What became of a layer of which weights were set to zero.
 *
 * @param attention the pattern of its attention's maps, "dense" if they have none
 * @param mlp that of its MLP's maps
 */
public record LayerPatterns(String attention, String mlp) {}
