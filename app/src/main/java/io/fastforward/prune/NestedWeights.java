package io.fastforward.prune;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.AttentionUnit;
import io.fastforward.spi.model.AttentionWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A model's weights with the units of every module in nested order. Permuting units changes nothing in what a module
 * computes: rows of the maps that make the features and columns of the output map move together. The source is in the
 * order of checkpoints.
 */
public final class NestedWeights implements WeightSource {

    private final ModelSpec spec;
    private final WeightSource source;
    private final NestedOrder order;

    public NestedWeights(ModelSpec spec, WeightSource source, NestedOrder order) {
        this.spec = spec;
        this.source = source;
        this.order = order;
    }

    /** The permuted weights of a layer, copied into the arena in their stored data type. */
    @Override
    public LayerWeights layer(int layer, Arena arena) {
        LayerSpec layerSpec = spec.layers().get(layer);
        LayerWeights weights = source.layer(layer, arena);
        List<Integer> heads = order.modules().get(2 * layer);
        List<Integer> channels = order.modules().get(2 * layer + 1);
        return new LayerWeights(
                attention(layerSpec, weights.attention(), heads, arena), mlp(weights.mlp(), channels, arena));
    }

    private static AttentionWeights attention(
            LayerSpec spec, AttentionWeights weights, List<Integer> parts, Arena arena) {
        AttentionSpec attention = spec.attention();
        int width = attention.featuresPerPart();
        boolean ofGroups = attention.unit() == AttentionUnit.KV_GROUP;
        return new AttentionWeights(
                weights.norm(),
                reorderRows(weights.query(), parts, width, arena),
                ofGroups ? reorderRows(weights.key(), parts, attention.headSize(), arena) : weights.key(),
                ofGroups ? reorderRows(weights.value(), parts, attention.headSize(), arena) : weights.value(),
                reorderColumns(weights.output(), parts, width, arena));
    }

    /**
     * The weights of a layer back in the order of checkpoints, where the query heads of a KV group are together; itself
     * if they are.
     */
    static LayerWeights inCheckpointOrder(LayerSpec spec, LayerWeights weights, Arena arena) {
        AttentionSpec attention = spec.attention();
        if (attention.unit() == AttentionUnit.KV_GROUP) {
            return weights;
        }
        List<Integer> heads = new ArrayList<>();
        for (int group = 0; group < attention.groups(); group++) {
            for (int unit = 0; unit < attention.units(); unit++) {
                heads.add(unit * attention.groups() + group);
            }
        }
        AttentionWeights ranked = weights.attention();
        return new LayerWeights(
                new AttentionWeights(
                        ranked.norm(),
                        reorderRows(ranked.query(), heads, attention.headSize(), arena),
                        ranked.key(),
                        ranked.value(),
                        reorderColumns(ranked.output(), heads, attention.headSize(), arena)),
                weights.mlp());
    }

    private static MlpWeights mlp(MlpWeights weights, List<Integer> channels, Arena arena) {
        @Nullable Linear gate = weights.gate();
        return new MlpWeights(
                weights.norm(),
                gate == null ? null : reorderRows(gate, channels, 1, arena),
                reorderRows(weights.up(), channels, 1, arena),
                reorderColumns(weights.output(), channels, 1, arena));
    }

    private static Linear reorderRows(Linear map, List<Integer> order, int rowsPerUnit, Arena arena) {
        Matrix weight = map.weight();
        Matrix reordered = Matrix.allocate(arena, weight.type(), weight.rows(), weight.columns());
        for (int k = 0; k < order.size(); k++) {
            weight.rowRange(order.get(k) * rowsPerUnit, rowsPerUnit)
                    .copyTo(reordered.rowRange(k * rowsPerUnit, rowsPerUnit));
        }
        Matrix bias = map.bias();
        return new Linear(reordered, bias == null ? null : gatherColumns(bias, order, rowsPerUnit, arena));
    }

    private static Linear reorderColumns(Linear map, List<Integer> order, int columnsPerUnit, Arena arena) {
        return new Linear(gatherColumns(map.weight(), order, columnsPerUnit, arena), map.bias());
    }

    private static Matrix gatherColumns(Matrix matrix, List<Integer> order, int columnsPerUnit, Arena arena) {
        Matrix gathered = Matrix.allocate(arena, matrix.type(), matrix.rows(), matrix.columns());
        int[] units = order.stream().mapToInt(Integer::intValue).toArray();
        long unitBytes = (long) columnsPerUnit * matrix.type().bytes();
        for (int row = 0; row < matrix.rows(); row++) {
            long from = row * matrix.rowStride() * matrix.type().bytes();
            long to = row * gathered.rowStride() * matrix.type().bytes();
            for (int k = 0; k < units.length; k++) {
                MemorySegment.copy(
                        matrix.data(), from + units[k] * unitBytes, gathered.data(), to + k * unitBytes, unitBytes);
            }
        }
        return gathered;
    }
}
