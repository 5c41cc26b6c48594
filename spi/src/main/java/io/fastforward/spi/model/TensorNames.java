package io.fastforward.spi.model;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which tensor of a checkpoint plays which role. Names are without the ending {@code .weight} or {@code .bias}; names of
 * layers have {@code %d} where the layer's index goes.
 *
 * @param embedding token embedding
 * @param positions embedding of positions, or null if the family has none
 * @param inputProjection map from embeddings to hidden states, or null if the family never has one
 * @param outputProjection map from hidden states back, or null if the family never has one
 * @param finalNorm normalisation before the head
 * @param head language-model head
 * @param attentionNorm normalisation of attention
 * @param mlpNorm normalisation of the MLP
 * @param maps the linear maps of a layer
 */
public record TensorNames(
        String embedding,
        @Nullable String positions,
        @Nullable String inputProjection,
        @Nullable String outputProjection,
        String finalNorm,
        String head,
        String attentionNorm,
        String mlpNorm,
        Map<MapRole, String> maps) {

    public TensorNames {
        maps = Map.copyOf(maps);
    }

    /**
     * The name of a layer's map.
     *
     * @throws IllegalArgumentException if the family has no such map
     */
    public String map(MapRole role, int layer) {
        String name = maps.get(role);
        if (name == null) {
            throw new IllegalArgumentException("the family has no map " + role);
        }
        return name.formatted(layer);
    }

    /** The name of the normalisation of one of a layer's modules. */
    public String norm(ModuleSpec module, int layer) {
        return switch (module) {
            case AttentionSpec _ -> attentionNorm.formatted(layer);
            case MlpSpec _ -> mlpNorm.formatted(layer);
        };
    }
}
