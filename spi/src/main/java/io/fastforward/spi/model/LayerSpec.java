package io.fastforward.spi.model;

/**
 * One decoder layer: attention, then MLP. Layers of one model may have different widths.
 *
 * @param attention the attention module
 * @param mlp the MLP module
 */
public record LayerSpec(AttentionSpec attention, MlpSpec mlp) {

    /** Whether neither module does anything. */
    public boolean isIdentity() {
        return attention.isIdentity() && mlp.isIdentity();
    }

    /** The same layer with other numbers of units. */
    public LayerSpec withUnits(int attentionUnits, int channels) {
        return new LayerSpec(attention.withUnits(attentionUnits), mlp.withUnits(channels));
    }
}
