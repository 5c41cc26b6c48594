package io.fastforward.model;

import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.NormWeights;
import io.fastforward.spi.model.TensorNames;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A weight under the name that it has in a checkpoint.
 *
 * @param name the name
 * @param matrix its values; a vector is one row
 * @param vector whether the checkpoint stores it with one dimension
 */
public record NamedTensor(String name, Matrix matrix, boolean vector) {

    /** The shape that the checkpoint stores. */
    public List<Long> shape() {
        return vector ? List.of((long) matrix.columns()) : List.of((long) matrix.rows(), (long) matrix.columns());
    }

    /** All weights of a layer, in the order in which they are written. */
    public static List<NamedTensor> ofLayer(TensorNames names, int layer, LayerWeights weights) {
        List<NamedTensor> tensors = new ArrayList<>();
        addNorm(
                tensors,
                names.attentionNorm().formatted(layer),
                weights.attention().norm());
        addLinear(tensors, names.query().formatted(layer), weights.attention().query());
        addLinear(tensors, names.key().formatted(layer), weights.attention().key());
        addLinear(tensors, names.value().formatted(layer), weights.attention().value());
        addLinear(
                tensors,
                names.attentionOutput().formatted(layer),
                weights.attention().output());
        addNorm(tensors, names.mlpNorm().formatted(layer), weights.mlp().norm());
        String gateName = names.gate();
        Linear gate = weights.mlp().gate();
        if (gateName != null && gate != null) {
            addLinear(tensors, gateName.formatted(layer), gate);
        }
        addLinear(tensors, names.up().formatted(layer), weights.mlp().up());
        addLinear(tensors, names.mlpOutput().formatted(layer), weights.mlp().output());
        return tensors;
    }

    /** The weights of the final normalisation, if there is one. */
    public static List<NamedTensor> ofFinalNorm(TensorNames names, @Nullable NormWeights norm) {
        List<NamedTensor> tensors = new ArrayList<>();
        if (norm != null) {
            addNorm(tensors, names.finalNorm(), norm);
        }
        return tensors;
    }

    private static void addLinear(List<NamedTensor> tensors, String name, Linear linear) {
        tensors.add(new NamedTensor(name + ".weight", linear.weight(), false));
        addVector(tensors, name + ".bias", linear.bias());
    }

    private static void addNorm(List<NamedTensor> tensors, String name, NormWeights norm) {
        addVector(tensors, name + ".weight", norm.weight());
        addVector(tensors, name + ".bias", norm.bias());
    }

    private static void addVector(List<NamedTensor> tensors, String name, @Nullable Matrix vector) {
        if (vector != null) {
            tensors.add(new NamedTensor(name, vector, true));
        }
    }
}
