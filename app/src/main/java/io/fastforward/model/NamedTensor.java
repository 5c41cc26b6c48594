package io.fastforward.model;

import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
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
    public static List<NamedTensor> ofLayer(ModelSpec spec, int layer, LayerWeights weights) {
        LayerSpec modules = spec.layers().get(layer);
        List<NamedTensor> tensors = new ArrayList<>();
        addModule(tensors, spec.names(), layer, modules.attention(), weights.attention());
        addModule(tensors, spec.names(), layer, modules.mlp(), weights.mlp());
        return tensors;
    }

    private static void addModule(
            List<NamedTensor> tensors, TensorNames names, int layer, ModuleSpec module, ModuleWeights weights) {
        if (module.isIdentity()) {
            return;
        }
        addNorm(tensors, names.norm(module, layer), weights.norm());
        weights.maps().forEach((role, map) -> {
            String name = names.map(role, layer);
            tensors.add(new NamedTensor(name + ".weight", map.weight(), false));
            addVector(tensors, name + ".bias", map.bias());
        });
    }

    /** The weights of the final normalisation, if there is one. */
    public static List<NamedTensor> ofFinalNorm(TensorNames names, @Nullable NormWeights norm) {
        List<NamedTensor> tensors = new ArrayList<>();
        if (norm != null) {
            addNorm(tensors, names.finalNorm(), norm);
        }
        return tensors;
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
