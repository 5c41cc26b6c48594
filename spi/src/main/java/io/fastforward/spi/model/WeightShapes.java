package io.fastforward.spi.model;

import io.fastforward.spi.tensor.Matrix;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The shapes that weights must have to be loaded. Every refusal names what was given and what was expected. */
public final class WeightShapes {

    private WeightShapes() {}

    /**
     * Checks the weights of a module.
     *
     * @throws IllegalArgumentException if they are of another kind of module, or a shape does not fit
     */
    public static void require(ModuleSpec spec, ModuleWeights weights) {
        requireNorm(spec.normalization(), weights.norm(), spec.hiddenSize());
        List<MapRole> expected = spec.maps().stream().map(MapShape::role).toList();
        List<MapRole> given = List.copyOf(weights.maps().sequencedKeySet());
        require(given.equals(expected), "the module has the maps " + expected + ", but was given " + given);
        spec.maps().forEach(shape -> requireMap(shape, weights.map(shape.role())));
    }

    /**
     * Checks the weights of the end of a model.
     *
     * @throws IllegalArgumentException if a shape does not fit
     */
    public static void require(HeadWeights weights) {
        Matrix head = weights.head().weight();
        require(
                head.rows() >= 1 && head.columns() >= 1,
                "a head of " + shape(head) + " has no vocabulary or no hidden state");
        Normalization normalization = weights.normalization();
        NormWeights norm = weights.norm();
        if (normalization != null && norm != null) {
            requireNorm(normalization, norm, head.columns());
        }
    }

    private static void requireNorm(Normalization normalization, NormWeights weights, int hidden) {
        requireRow("the normalisation's weight", weights.weight(), hidden);
        @Nullable Matrix bias = weights.bias();
        if (bias != null) {
            require(
                    normalization.kind() == Normalization.Kind.LAYER,
                    "an RMS normalisation has no bias, but one is given");
            requireRow("the normalisation's bias", bias, hidden);
        }
    }

    private static void requireRow(String name, Matrix row, int columns) {
        require(row.rows() == 1 && row.columns() == columns, name + " of " + shape(row) + " is not 1 × " + columns);
    }

    private static void requireMap(MapShape shape, Linear map) {
        Matrix weight = map.weight();
        String name = shape.role().label();
        require(
                weight.rows() == shape.rows() && weight.columns() == shape.columns(),
                "the " + name + " map of " + shape(weight) + " is not " + shape.rows() + " × " + shape.columns());
        require(
                shape.bias() == (map.bias() != null),
                "the " + name + " map "
                        + (shape.bias()
                                ? "lacks the bias that the module states"
                                : "has a bias that the module does not state"));
    }

    private static void require(boolean condition, String refusal) {
        if (!condition) {
            throw new IllegalArgumentException(refusal);
        }
    }

    private static String shape(Matrix matrix) {
        return matrix.rows() + " × " + matrix.columns();
    }
}
