package io.fastforward.spi.model;

import java.util.function.UnaryOperator;

/**
 * The weights of one decoder layer.
 *
 * @param attention of its attention module
 * @param mlp of its MLP module
 */
public record LayerWeights(ModuleWeights attention, ModuleWeights mlp) {

    /** The same layer with something done to both of its modules. */
    public LayerWeights mapEach(UnaryOperator<ModuleWeights> change) {
        return new LayerWeights(change.apply(attention), change.apply(mlp));
    }
}
