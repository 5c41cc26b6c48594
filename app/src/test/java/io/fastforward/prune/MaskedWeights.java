package io.fastforward.prune;

import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.util.List;

/**
 * A dense model in which the units that a policy removes count for nothing: their columns of the output maps are zero.
 * Its weights are in the order of checkpoints.
 *
 * @param spec the dense architecture, with the units that order and policy are about
 * @param dense the dense weights
 * @param order which units come first
 * @param policy how many of them stay
 */
record MaskedWeights(ModelSpec spec, WeightSource dense, NestedOrder order, Policy policy) implements WeightSource {

    @Override
    public LayerWeights layer(int layer, Arena arena) {
        LayerWeights weights = dense.layer(layer, arena);
        LayerSpec layerSpec = spec.layers().get(layer);
        return LeadingUnits.withOutputs(
                weights,
                masked(layerSpec.attention(), weights.attention().output(), 2 * layer, arena),
                masked(layerSpec.mlp(), weights.mlp().output(), 2 * layer + 1, arena));
    }

    private Linear masked(ModuleSpec module, Linear output, int index, Arena arena) {
        Linear copy = LeadingUnits.copy(output, null, arena);
        List<Integer> parts = order.modules().get(index);
        int width = module.featuresPerPart();
        int retained = policy.retained().get(index) * module.partsPerUnit();
        for (int part : parts.subList(retained, parts.size())) {
            for (int column = part * width; column < (part + 1) * width; column++) {
                for (int row = 0; row < copy.weight().rows(); row++) {
                    copy.weight().set(row, column, 0);
                }
            }
        }
        return copy;
    }
}
