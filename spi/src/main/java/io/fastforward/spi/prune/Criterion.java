package io.fastforward.spi.prune;

import io.fastforward.spi.Options;
import io.fastforward.spi.Plugin;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.spi.tensor.DoubleMatrix;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Scores the units of a module: how much the model would lose with each of them. Implementations are stateless, pure
 * (same input, same scores) and safe to call from several threads.
 */
public interface Criterion {

    /** Makes criteria of one kind. */
    interface Provider extends Plugin {

        /**
         * A criterion.
         *
         * @throws IllegalArgumentException if options do not go together; the message names them
         */
        Criterion create(Options options);
    }

    /** What a criterion may ask to know about the features of a module, over all calibration tokens. */
    enum Statistics {
        /** Nothing: the weights suffice. */
        NONE,
        /** The sum of squares of every feature. */
        SQUARE_SUMS,
        /** The Gram matrix of the features; its diagonal holds the sums of squares. */
        GRAM
    }

    /** The statistics that {@link #score} reads; the engine collects these and no others. */
    Statistics statistics();

    /**
     * One score for each {@linkplain ModuleSpec#parts() part} of a unit, which mostly is the unit; those of high score
     * are kept.
     *
     * @return {@code module.spec().parts()} finite numbers
     * @throws IllegalArgumentException if the weights or statistics hold NaN or infinity
     */
    double[] score(Module module);

    /**
     * A dense module and what was measured on it.
     *
     * @param layer index of the decoder layer
     * @param spec what the module computes
     * @param weights its weights; valid during the call
     * @param tokens number of calibration tokens; 0 if no statistics were asked for
     * @param moments {@code 1 × features} sums of squares, or the {@code features × features} Gram matrix, of the
     *     inputs of the output map; null if no statistics were asked for; valid during the call
     * @param outputMagnitudes Σ |W_ij| over all rows i of the output map, for every column j, in a precision of at
     *     least 2⁻¹⁶; not finite where a weight of the column is not. Summed up when it is asked for, where the weights
     *     are: on the device, if they are there
     */
    record Module(
            int layer,
            ModuleSpec spec,
            ModuleWeights weights,
            long tokens,
            @Nullable DoubleMatrix moments,
            Supplier<double[]> outputMagnitudes) {

        /** A module whose magnitudes are summed up in host memory. */
        public Module(int layer, ModuleSpec spec, ModuleWeights weights, long tokens, @Nullable DoubleMatrix moments) {
            this(
                    layer,
                    spec,
                    weights,
                    tokens,
                    moments,
                    () -> ColumnMagnitudes.of(weights.output().weight()));
        }
    }
}
