package io.fastforward.spi.measure;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import java.util.function.Supplier;

/**
 * A module with all of its units, and what was measured on it. Everything is valid during the call that it is given to.
 *
 * @param layer index of the decoder layer
 * @param spec what the module computes
 * @param weights its weights, in their stored data types; read only
 * @param measured what the plugin wished for
 * @param outputMagnitudes Σ |W_ij| over all rows i of the output map, for every column j, in a precision of at least
 *     2⁻¹⁶; not finite where a weight of the column is not. Summed up when it is asked for, where the weights are: on the
 *     device, if they are there
 */
public record ModuleView(
        int layer, ModuleSpec spec, ModuleWeights weights, Measured measured, Supplier<double[]> outputMagnitudes) {

    /** A module whose magnitudes are summed up in host memory. */
    public ModuleView(int layer, ModuleSpec spec, ModuleWeights weights, Measured measured) {
        this(
                layer,
                spec,
                weights,
                measured,
                () -> ColumnMagnitudes.of(weights.output().weight()));
    }

    /** Where it is, for messages: "layer 17, attention". */
    public String place() {
        return "layer " + layer
                + switch (spec) {
                    case AttentionSpec _ -> ", attention";
                    case MlpSpec _ -> ", MLP";
                };
    }
}
