package io.fastforward.prune;

import io.fastforward.forward.Decoder;
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
 * What a pruned model says of some windows, computed from its weights in memory while they pass by, so that a checkpoint can
 * be checked against it, or several ways to prune compared, without holding the whole model.
 */
public final class LogitProbe implements PrunedLayerSink, AutoCloseable {

    private final ComputeBackend backend;
    private final ModelSpec pruned;
    private final @Nullable DataType dataType;
    private final Arena arena = Arena.ofShared();
    private final ModelEnds ends;
    private final TokenWindows windows;
    private final HiddenStates states;

    /**
     * A probe.
     *
     * @param model the source model, whose ends the pruned one shares
     * @param pruned the pruned architecture, with units as in checkpoints
     * @param dataType data type of the pruned model; null keeps each tensor's own
     * @param windows what it is to be asked
     */
    public LogitProbe(
            ComputeBackend backend, Model model, ModelSpec pruned, @Nullable DataType dataType, TokenWindows windows) {
        this.backend = backend;
        this.pruned = pruned;
        this.dataType = dataType;
        this.ends = dataType == null ? model.ends() : WeightCopy.of(model.ends(), dataType, arena);
        this.windows = windows;
        this.states = HiddenStates.embed(backend, ends, windows);
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        try (Arena layerArena = Arena.ofShared();
                LoadedLayer loaded =
                        LayerSource.loadLayer(backend, pruned, (index, _) -> rounded(weights, layerArena), layer);
                DeviceMatrix scratch = backend.allocate(states.chunkRows(), pruned.widestFeatures())) {
            for (Chunk chunk : states.chunks()) {
                loaded.apply(
                        backend,
                        loaded.attention().spec().units(),
                        loaded.mlp().spec().units(),
                        chunk,
                        scratch);
            }
        }
    }

    /** Log-likelihoods of all windows, once all layers have passed, as of {@link Decoder#logLikelihoods}. */
    public double[] logLikelihoods() {
        double[] result = new double[windows.count() * windows.length()];
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            head.logLikelihoods(windows, states, result, 0);
        }
        return result;
    }

    /** Logits after every token of a single window, once all layers have passed: F32, {@code length × vocabulary}, in the arena. */
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
