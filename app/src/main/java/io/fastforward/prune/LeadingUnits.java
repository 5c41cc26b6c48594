package io.fastforward.prune;

import io.fastforward.spi.model.AttentionWeights;
import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MlpWeights;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Cuts the weights of a layer in nested order down to its leading units, as views, and copies what is to be kept. */
public final class LeadingUnits {

    private LeadingUnits() {}

    /** Views of the leading units of a layer. */
    public static LayerWeights of(LayerSpec pruned, LayerWeights weights) {
        int queries = pruned.attention().features(pruned.attention().units());
        int keys = pruned.attention().groups() * pruned.attention().headSize();
        int channels = pruned.mlp().channels();
        AttentionWeights attention = weights.attention();
        MlpWeights mlp = weights.mlp();
        @Nullable Linear gate = mlp.gate();
        return new LayerWeights(
                new AttentionWeights(
                        attention.norm(),
                        leadingRows(attention.query(), queries),
                        leadingRows(attention.key(), keys),
                        leadingRows(attention.value(), keys),
                        leadingColumns(attention.output(), queries)),
                new MlpWeights(
                        mlp.norm(),
                        gate == null ? null : leadingRows(gate, channels),
                        leadingRows(mlp.up(), channels),
                        leadingColumns(mlp.output(), channels)));
    }

    static LayerWeights withOutputs(LayerWeights weights, Linear attentionOutput, Linear mlpOutput) {
        AttentionWeights attention = weights.attention();
        MlpWeights mlp = weights.mlp();
        return new LayerWeights(
                new AttentionWeights(
                        attention.norm(), attention.query(), attention.key(), attention.value(), attentionOutput),
                new MlpWeights(mlp.norm(), mlp.gate(), mlp.up(), mlpOutput));
    }

    /** A copy of a map; a null type keeps each tensor's own. */
    static Linear copy(Linear map, @Nullable DataType type, Arena arena) {
        Matrix bias = map.bias();
        return new Linear(copy(map.weight(), type, arena), bias == null ? null : copy(bias, type, arena));
    }

    /** A copy of a whole layer; a null type keeps each tensor's own. */
    static LayerWeights copy(LayerWeights weights, @Nullable DataType type, Arena arena) {
        AttentionWeights attention = weights.attention();
        MlpWeights mlp = weights.mlp();
        @Nullable Linear gate = mlp.gate();
        return new LayerWeights(
                new AttentionWeights(
                        copy(attention.norm(), type, arena),
                        copy(attention.query(), type, arena),
                        copy(attention.key(), type, arena),
                        copy(attention.value(), type, arena),
                        copy(attention.output(), type, arena)),
                new MlpWeights(
                        copy(mlp.norm(), type, arena),
                        gate == null ? null : copy(gate, type, arena),
                        copy(mlp.up(), type, arena),
                        copy(mlp.output(), type, arena)));
    }

    /** A copy of what is before and after the layers. */
    static ModelEnds copy(ModelEnds ends, DataType type, Arena arena) {
        return new ModelEnds(
                copy(ends.embedding(), type, arena),
                copyIfThere(ends.positions(), type, arena),
                copyIfThere(ends.inputProjection(), type, arena),
                copyIfThere(ends.outputProjection(), type, arena),
                copy(ends.head(), type, arena));
    }

    private static @Nullable Matrix copyIfThere(@Nullable Matrix matrix, DataType type, Arena arena) {
        return matrix == null ? null : copy(matrix, type, arena);
    }

    /** A copy of final normalisation and head. */
    private static HeadWeights copy(HeadWeights weights, DataType type, Arena arena) {
        NormWeights norm = weights.norm();
        return new HeadWeights(
                weights.normalization(),
                norm == null ? null : copy(norm, type, arena),
                copy(weights.head(), type, arena));
    }

    private static NormWeights copy(NormWeights norm, @Nullable DataType type, Arena arena) {
        Matrix bias = norm.bias();
        return new NormWeights(copy(norm.weight(), type, arena), bias == null ? null : copy(bias, type, arena));
    }

    static Matrix copy(Matrix matrix, @Nullable DataType type, Arena arena) {
        Matrix copy = Matrix.allocate(arena, type == null ? matrix.type() : type, matrix.rows(), matrix.columns());
        matrix.copyTo(copy);
        return copy;
    }

    private static Linear leadingRows(Linear map, int rows) {
        Matrix bias = map.bias();
        return new Linear(map.weight().leadingRows(rows), bias == null ? null : bias.leadingColumns(rows));
    }

    private static Linear leadingColumns(Linear map, int columns) {
        return new Linear(map.weight().leadingColumns(columns), map.bias());
    }
}
