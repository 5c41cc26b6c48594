package io.fastforward.prune;

import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.forward.LanguageModelHead;
import io.fastforward.forward.LayerSource;
import io.fastforward.forward.LoadedLayer;
import io.fastforward.model.Model;
import io.fastforward.model.WeightCopy;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import org.jspecify.annotations.Nullable;

/**
 * The logits of a pruned model on one window, computed from its weights in memory while they pass by, so that a
 * checkpoint can be checked against them without holding the whole model.
 */
public final class LogitProbe implements PrunedLayerSink, AutoCloseable {

    private final ComputeBackend backend;
    private final ModelSpec pruned;
    private final @Nullable DataType dataType;
    private final Arena arena = Arena.ofShared();
    private final ModelEnds ends;
    private final HiddenStates states;

    /**
     * A probe.
     *
     * @param model the source model, whose ends the pruned one shares
     * @param pruned the pruned architecture, with units as in checkpoints
     * @param dataType data type of the pruned model; null keeps each tensor's own
     * @param window one window
     */
    public LogitProbe(
            ComputeBackend backend, Model model, ModelSpec pruned, @Nullable DataType dataType, TokenWindows window) {
        this.backend = backend;
        this.pruned = pruned;
        this.dataType = dataType;
        this.ends = dataType == null ? model.ends() : WeightCopy.of(model.ends(), dataType, arena);
        this.states = HiddenStates.embed(backend, ends, window);
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        Chunk chunk = states.chunks().getFirst();
        try (Arena layerArena = Arena.ofShared();
                LoadedLayer loaded =
                        LayerSource.loadLayer(backend, pruned, (index, _) -> rounded(weights, layerArena), layer);
                DeviceMatrix scratch = backend.allocate(chunk.shape().rows(), pruned.widestFeatures())) {
            loaded.apply(
                    backend,
                    loaded.attention().spec().units(),
                    loaded.mlp().spec().units(),
                    chunk,
                    scratch);
        }
    }

    /** Logits after every token, once all layers have passed: F32, {@code length × vocabulary}, in the arena. */
    public Matrix logits(Arena resultArena) {
        Chunk chunk = states.chunks().getFirst();
        Matrix logits = Matrix.allocate(resultArena, DataType.F32, chunk.shape().rows(), pruned.vocabularySize());
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            head.logits(chunk.hidden(), 0, logits);
        }
        return logits;
    }

    @Override
    public void close() {
        states.close();
        arena.close();
    }

    /** As they are written: who passes them by need not have rounded them. */
    private LayerWeights rounded(LayerWeights weights, Arena layerArena) {
        return dataType == null ? weights : WeightCopy.of(weights, dataType, layerArena);
    }
}
