package io.fastforward.prune;

import io.fastforward.model.WeightCopy;
import io.fastforward.nested.NestedOrder;
import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;

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
        return new LayerWeights(
                masked(layerSpec.attention(), weights.attention(), 2 * layer, arena),
                masked(layerSpec.mlp(), weights.mlp(), 2 * layer + 1, arena));
    }

    private ModuleWeights masked(ModuleSpec module, ModuleWeights weights, int index, Arena arena) {
        Linear copy = WeightCopy.of(weights.output(), null, arena);
        List<Integer> parts = order.modules().get(index);
        int retained = policy.retained().get(index) * module.partsPerUnit();
        for (int part : parts.subList(retained, parts.size())) {
            for (int number = 0; number < module.featuresPerPart(); number++) {
                int column = stored(module, part, number);
                for (int row = 0; row < copy.weight().rows(); row++) {
                    copy.weight().set(row, column, 0);
                }
            }
        }
        return weights.with(Map.of(module.maps().getLast().role(), copy));
    }

    /** Parts have consecutive columns, but for dimensions of values: those are together in every head of their group. */
    private static int stored(ModuleSpec module, int part, int number) {
        if (module instanceof AttentionSpec attention && attention.unit() == AttentionUnit.VALUE_CHANNEL) {
            int group = part / attention.valueSize();
            int head = group * attention.queriesPerGroup() + number;
            return head * attention.valueSize() + part % attention.valueSize();
        }
        return part * module.featuresPerPart() + number;
    }
}
