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
import java.util.ArrayList;
import java.util.List;
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
    private final List<TokenWindows> windows;
    private final List<HiddenStates> states = new ArrayList<>();

    /**
     * A probe.
     *
     * @param model the source model, whose ends the pruned one shares
     * @param pruned the pruned architecture, with units as in checkpoints
     * @param dataType data type of the pruned model; null keeps each tensor's own
     * @param windows what it is to be asked; those of each element pass together
     */
    public LogitProbe(
            ComputeBackend backend,
            Model model,
            ModelSpec pruned,
            @Nullable DataType dataType,
            List<TokenWindows> windows) {
        this.backend = backend;
        this.pruned = pruned;
        this.dataType = dataType;
        this.ends = dataType == null ? model.ends() : WeightCopy.of(model.ends(), dataType, arena);
        this.windows = List.copyOf(windows);
        try {
            windows.forEach(some -> states.add(HiddenStates.embed(backend, ends, some)));
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    @Override
    public void accept(int layer, LayerWeights weights) {
        try (Arena layerArena = Arena.ofShared();
                LoadedLayer loaded =
                        LayerSource.loadLayer(backend, pruned, (index, _) -> rounded(weights, layerArena), layer);
                DeviceMatrix scratch = backend.allocate(chunkRows(), pruned.widestFeatures())) {
            for (HiddenStates some : states) {
                for (Chunk chunk : some.chunks()) {
                    loaded.apply(backend, 2 * layer, loaded.attention().spec().units(), chunk, scratch);
                    loaded.apply(backend, 2 * layer + 1, loaded.mlp().spec().units(), chunk, scratch);
                }
            }
        }
    }

    private int chunkRows() {
        return states.stream().mapToInt(HiddenStates::chunkRows).max().orElse(1);
    }

    /** Is shown hidden states that have passed all layers. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * Those of the windows of one element.
         *
         * @param head that belongs to them
         */
        void visit(int element, TokenWindows windows, HiddenStates states, LanguageModelHead head);
    }

    /** Shows what came of all windows, once all layers have passed. */
    public void visit(Visitor visitor) {
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            for (int i = 0; i < states.size(); i++) {
                visitor.visit(i, windows.get(i), states.get(i), head);
            }
        }
    }

    /** Log-likelihoods of all windows of the first element, once all layers have passed, as of {@link Decoder#logLikelihoods}. */
    public double[] logLikelihoods() {
        TokenWindows first = windows.getFirst();
        double[] result = new double[first.count() * first.length()];
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            head.logLikelihoods(first, states.getFirst(), result, 0);
        }
        return result;
    }

    /** Logits after every token of a single window, once all layers have passed: F32, {@code length × vocabulary}, in the arena. */
    public Matrix logits(Arena resultArena) {
        Chunk chunk = states.getFirst().chunks().getFirst();
        Matrix logits = Matrix.allocate(resultArena, DataType.F32, chunk.shape().rows(), pruned.vocabularySize());
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            head.logits(chunk.hidden(), 0, logits);
        }
        return logits;
    }

    @Override
    public void close() {
        states.forEach(HiddenStates::close);
        arena.close();
    }

    /** As they are written: who passes them by need not have rounded them. */
    private LayerWeights rounded(LayerWeights weights, Arena layerArena) {
        return dataType == null ? weights : WeightCopy.of(weights, dataType, layerArena);
    }
}
