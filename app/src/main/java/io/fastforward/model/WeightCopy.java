package io.fastforward.model;

import io.fastforward.spi.model.HeadWeights;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/** Copies of weights; a null data type keeps each tensor's own. */
public final class WeightCopy {

    private WeightCopy() {}

    /** A copy of a layer. */
    public static LayerWeights of(LayerWeights weights, @Nullable DataType type, Arena arena) {
        return weights.mapEach(module ->
                new ModuleWeights(of(module.norm(), type, arena), module.maps()).mapEach(map -> of(map, type, arena)));
    }

    /** A copy of what is before and after the layers. */
    public static ModelEnds of(ModelEnds ends, @Nullable DataType type, Arena arena) {
        HeadWeights head = ends.head();
        NormWeights norm = head.norm();
        return new ModelEnds(
                of(ends.embedding(), type, arena),
                ifThere(ends.positions(), type, arena),
                ifThere(ends.inputProjection(), type, arena),
                ifThere(ends.outputProjection(), type, arena),
                new HeadWeights(
                        head.normalization(),
                        norm == null ? null : of(norm, type, arena),
                        of(head.head(), type, arena)));
    }

    /** A copy of a map. */
    public static Linear of(Linear map, @Nullable DataType type, Arena arena) {
        return new Linear(of(map.weight(), type, arena), ifThere(map.bias(), type, arena));
    }

    /** A copy of a map in the data types of another one that has a bias, too, if this one has. */
    public static Linear like(Linear other, Linear map, Arena arena) {
        Matrix bias = map.bias();
        Matrix otherBias = other.bias();
        return new Linear(
                of(map.weight(), other.weight().type(), arena),
                bias == null || otherBias == null ? null : of(bias, otherBias.type(), arena));
    }

    /** A copy of a matrix. */
    public static Matrix of(Matrix matrix, @Nullable DataType type, Arena arena) {
        return matrix.copy(type == null ? matrix.type() : type, arena);
    }

    private static NormWeights of(NormWeights norm, @Nullable DataType type, Arena arena) {
        return new NormWeights(of(norm.weight(), type, arena), ifThere(norm.bias(), type, arena));
    }

    private static @Nullable Matrix ifThere(@Nullable Matrix matrix, @Nullable DataType type, Arena arena) {
        return matrix == null ? null : of(matrix, type, arena);
    }
}
