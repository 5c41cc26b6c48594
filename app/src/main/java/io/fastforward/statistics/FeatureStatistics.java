package io.fastforward.statistics;

import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.backend.Moments;
import io.fastforward.spi.measure.Moment;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import io.fastforward.spi.model.WeightSource;
import io.fastforward.spi.prune.Criterion;
import io.fastforward.spi.prune.Criterion.Statistics;
import io.fastforward.spi.tensor.ColumnMagnitudes;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.function.IntConsumer;

/**
 * One streaming pass of calibration windows through the dense model. For every module it measures what the criterion
 * asks for and nothing else, hands it over, and forgets it, so that the memory is that of one layer, the hidden
 * states of all windows, and one module's moments.
 */
public final class FeatureStatistics {

    private final ComputeBackend backend;
    private final ModelSpec spec;
    private final WeightSource weights;
    private final Statistics wanted;

    /**
     * A pass over a model.
     *
     * @param spec the architecture with the units that are to be scored
     * @param weights in the order of these units
     */
    public FeatureStatistics(ComputeBackend backend, ModelSpec spec, WeightSource weights, Statistics wanted) {
        this.backend = backend;
        this.spec = spec;
        this.weights = weights;
        this.wanted = wanted;
    }

    /** Receives the modules in order. */
    @FunctionalInterface
    public interface Visitor {
        /** A module; weights and moments are valid during the call. */
        void visit(Criterion.Module module);
    }

    /**
     * Most bytes of device and host memory that the moments take beside layer and hidden states: the sum itself on
     * the device and its copy on the host.
     */
    public static long momentBytes(ModelSpec spec, Statistics wanted) {
        long widest = spec.widestFeatures();
        return switch (wanted) {
            case NONE -> 0;
            case SQUARE_SUMS -> 2 * widest * Double.BYTES;
            case GRAM -> 2 * widest * widest * Double.BYTES;
        };
    }

    /**
     * Runs the pass.
     *
     * @param ends what is before the layers
     * @param windows calibration windows
     * @param progress is told the number of layers that are done
     */
    public void collect(ModelEnds ends, TokenWindows windows, Visitor visitor, IntConsumer progress) {
        if (wanted == Statistics.NONE) {
            visitWeightsOnly(visitor, progress);
            return;
        }
        try (HiddenStates states = HiddenStates.embed(backend, ends, windows);
                LayerSource layers = LayerSource.streamed(backend, spec, weights)) {
            for (int i = 0; i < spec.layers().size(); i++) {
                try (LoadedLayer layer = layers.load(i);
                        Arena arena = Arena.ofShared()) {
                    LayerWeights stored = weights.layer(i, arena);
                    measure(i, layer.attention(), stored.attention(), states, visitor);
                    measure(i, layer.mlp(), stored.mlp(), states, visitor);
                }
                progress.accept(i + 1);
            }
        }
    }

    private void visitWeightsOnly(Visitor visitor, IntConsumer progress) {
        for (int i = 0; i < spec.layers().size(); i++) {
            try (Arena arena = Arena.ofShared()) {
                LayerWeights stored = weights.layer(i, arena);
                LayerSpec layer = spec.layers().get(i);
                visitor.visit(new Criterion.Module(i, layer.attention(), stored.attention(), 0, null));
                visitor.visit(new Criterion.Module(i, layer.mlp(), stored.mlp(), 0, null));
            }
            progress.accept(i + 1);
        }
    }

    private void measure(int layer, LoadedModule module, ModuleWeights stored, HiddenStates states, Visitor visitor) {
        ModuleSpec dense = module.spec();
        if (dense.isIdentity()) {
            visitor.visit(new Criterion.Module(layer, dense, stored, 0, null));
            return;
        }
        int width = dense.features(dense.units());
        Moment kind = wanted == Statistics.GRAM ? Moment.GRAM : Moment.SQUARE_SUMS;
        try (Moments moments = backend.moments(kind, width, width);
                DeviceMatrix features = backend.allocate(states.chunkRows(), width);
                Arena arena = Arena.ofShared()) {
            for (Chunk chunk : states.chunks()) {
                int rows = chunk.shape().rows();
                backend.features(module, dense.units(), chunk.shape(), chunk.hidden(), features);
                moments.add(features, features, rows);
                backend.project(module, dense.units(), rows, features, chunk.hidden());
            }
            visitor.visit(new Criterion.Module(
                    layer,
                    dense,
                    stored,
                    moments.tokens(),
                    moments.read(arena),
                    () -> backend.outputMagnitudes(module)
                            .orElseGet(() -> ColumnMagnitudes.of(stored.output().weight()))));
        }
    }
}
