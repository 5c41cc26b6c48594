package io.fastforward.nested;

import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * A model with the units of every module in nested order. Outside of it there is one coordinate system, that of
 * checkpoints, where the query heads of a KV group are together, and the dimensions of a value; what it gives to others
 * is either whole and nested, for candidates that are leading slices, or cut and back in that order.
 */
public final class NestedModel implements WeightSource {

    private final ModelSpec spec;
    private final WeightSource source;
    private final NestedOrder order;

    /**
     * A model in some order.
     *
     * @param spec the architecture with the units that order and policies are about
     * @param source its weights in the order of checkpoints
     */
    public NestedModel(ModelSpec spec, WeightSource source, NestedOrder order) {
        this.spec = spec;
        this.source = source;
        this.order = order;
    }

    /** The same model with biases, zero, on the output maps that have none: for those who repair by changing them. */
    public NestedModel withOutputBiases() {
        return new NestedModel(
                spec.withOutputBiases(),
                (layer, arena) -> source.layer(layer, arena).mapEach(module -> module.withOutputBias(arena)),
                order);
    }

    /** The architecture with the units that order and policies are about. */
    public ModelSpec spec() {
        return spec;
    }

    /** The architecture of a checkpoint that is pruned by a policy. */
    public ModelSpec pruned(Policy policy) {
        return pruned(spec, policy);
    }

    /** The architecture that a policy leaves of some model in a checkpoint, whatever the order of its units. */
    public static ModelSpec pruned(ModelSpec spec, Policy policy) {
        return spec.pruned(policy).withAttentionUnit(AttentionUnit.KV_GROUP);
    }

    /** The permuted weights of a layer, copied into the arena in their stored data type. */
    @Override
    public LayerWeights layer(int layer, Arena arena) {
        LayerSpec modules = spec.layers().get(layer);
        LayerWeights weights = source.layer(layer, arena);
        return new LayerWeights(
                reorder(modules.attention(), weights.attention(), 2 * layer, arena),
                reorder(modules.mlp(), weights.mlp(), 2 * layer + 1, arena));
    }

    @Override
    public List<MemorySegment> mapped(int layer) {
        return source.mapped(layer);
    }

    private ModuleWeights reorder(ModuleSpec module, ModuleWeights weights, int index, Arena arena) {
        return PartMove.toNested(module, weights, order.modules().get(index), arena);
    }

    /** A layer cut to its leading units, in the order of checkpoints; views where nothing has to move. */
    public static LayerWeights cut(LayerSpec pruned, LayerWeights nested, Arena arena) {
        return new LayerWeights(
                cut(pruned.attention(), nested.attention(), arena), cut(pruned.mlp(), nested.mlp(), arena));
    }

    /** A module cut to its leading units, in the order of checkpoints; views where nothing has to move. */
    public static ModuleWeights cut(ModuleSpec pruned, ModuleWeights nested, Arena arena) {
        if (pruned.isIdentity()) {
            return ModuleWeights.NONE;
        }
        return PartMove.toStored(pruned, PartMove.leadingUnits(pruned, nested), arena);
    }
}
