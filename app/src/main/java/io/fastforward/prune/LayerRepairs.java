package io.fastforward.prune;

import io.fastforward.spi.model.LayerSpec;
import java.util.List;
import java.util.stream.Stream;

/**
 * What became of a layer that was cut and repaired.
 *
 * @param attentionUnits retained units of attention
 * @param channels retained MLP channels
 * @param repairs of the modules of which something is left
 */
public record LayerRepairs(int attentionUnits, int channels, List<ModuleRepair> repairs) {

    public LayerRepairs {
        repairs = List.copyOf(repairs);
    }

    /**
     * Checks that this can have become of a layer.
     *
     * @param pruned with what is kept of it
     * @throws IllegalArgumentException if not
     */
    void requireFits(int layer, LayerSpec pruned) {
        if (attentionUnits != pruned.attention().units()
                || channels != pruned.mlp().units()) {
            throw new IllegalArgumentException("it is of another policy at layer " + layer);
        }
        long left =
                Stream.of(attentionUnits, channels).filter(units -> units > 0).count();
        if (repairs.size() != left || !repairs.stream().allMatch(repair -> repair.layer() == layer)) {
            throw new IllegalArgumentException("its repairs are not those of layer " + layer);
        }
    }
}
