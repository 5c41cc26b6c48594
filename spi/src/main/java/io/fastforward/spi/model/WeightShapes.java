package io.fastforward.spi.model;

import io.fastforward.spi.tensor.Matrix;
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
        int hidden = spec.hiddenSize();
        int features = spec.features(spec.units());
        requireNorm(spec.normalization(), weights.norm(), hidden);
        switch (spec) {
            case AttentionSpec attention -> {
                AttentionWeights maps = weightsOf(AttentionWeights.class, spec, weights);
                int keys = Math.multiplyExact(attention.groups(), attention.headSize());
                requireLinear("query", maps.query(), features, hidden, attention.inputBias());
                requireLinear("key", maps.key(), keys, hidden, attention.inputBias());
                requireLinear("value", maps.value(), keys, hidden, attention.inputBias());
                requireLinear("output", maps.output(), hidden, features, attention.outputBias());
            }
            case MlpSpec mlp -> {
                MlpWeights maps = weightsOf(MlpWeights.class, spec, weights);
                Linear gate = maps.gate();
                require(
                        mlp.gated() == (gate != null),
                        mlp.gated() ? "a gated MLP needs a gate map" : "an MLP without gate got a gate map");
                if (gate != null) {
                    requireLinear("gate", gate, features, hidden, mlp.inputBias());
                }
                requireLinear("up", maps.up(), features, hidden, mlp.inputBias());
                requireLinear("output", maps.output(), hidden, features, mlp.outputBias());
            }
        }
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

    private static void requireLinear(String name, Linear map, int outputs, int inputs, boolean bias) {
        Matrix weight = map.weight();
        require(
                weight.rows() == outputs && weight.columns() == inputs,
                "the " + name + " map of " + shape(weight) + " is not " + outputs + " × " + inputs);
        require(
                bias == (map.bias() != null),
                "the " + name + " map "
                        + (bias
                                ? "lacks the bias that the module states"
                                : "has a bias that the module does not state"));
    }

    private static <T extends ModuleWeights> T weightsOf(Class<T> type, ModuleSpec spec, ModuleWeights weights) {
        require(
                type.isInstance(weights),
                weights.getClass().getSimpleName() + " do not fit "
                        + spec.getClass().getSimpleName());
        return type.cast(weights);
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
