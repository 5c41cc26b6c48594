package io.fastforward.prune;

import io.fastforward.forward.HiddenStates;
import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.forward.LanguageModelHead;
import io.fastforward.forward.LogitDivergence;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.tokenizer.TokenWindows;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What becomes of the model's predictions if a single module is pruned, for every module: streams of hidden states that leave the
 * dense one at their module, pass the dense modules behind it, and are compared with it in the end. So only the layers behind a
 * module are computed for it, and every layer is loaded once for all.
 *
 * <p>Memory: the hidden states of the windows, once for each probe and once for the dense model.
 */
final class Probes implements AutoCloseable {

    private final ComputeBackend backend;
    private final ModelEnds ends;
    private final int widest;
    private final HiddenStates dense;
    private final List<HiddenStates> probes = new ArrayList<>();

    Probes(ComputeBackend backend, ModelSpec spec, ModelEnds ends, TokenWindows windows) {
        this.backend = backend;
        this.ends = ends;
        this.widest = spec.widestFeatures();
        this.dense = HiddenStates.embed(backend, ends, windows);
    }

    /** A new probe takes a pruned module's way; the others do not move. */
    HiddenStates branch(LoadedModule pruned, int units) {
        HiddenStates probe = dense.copy(backend);
        move(probe, pruned, units);
        return probe;
    }

    /** All but a probe that has its own module behind it pass the module of the dense model. */
    void pass(LoadedModule module, HiddenStates branched) {
        move(dense, module, module.spec().units());
        probes.forEach(probe -> move(probe, module, module.spec().units()));
        probes.add(branched);
    }

    /** A module that does nothing: there is nothing to lose. */
    void skip() {
        probes.add(dense.copy(backend));
    }

    private void move(HiddenStates states, LoadedModule module, int units) {
        if (units == 0) {
            return; // the module is gone
        }
        try (DeviceMatrix scratch = backend.allocate(states.chunkRows(), widest)) {
            for (Chunk chunk : states.chunks()) {
                backend.apply(module, units, chunk.shape(), chunk.hidden(), scratch);
            }
        }
    }

    /**
     * Once all modules have passed: for each probe, the mean over the tokens of KL(dense ‖ probe) of the next token's distribution,
     * in nats.
     */
    List<Double> divergences() {
        List<Double> result = new ArrayList<>();
        try (LanguageModelHead head = new LanguageModelHead(backend, ends)) {
            LogitDivergence divergence = new LogitDivergence(head, head);
            probes.forEach(probe -> result.add(
                    Arrays.stream(divergence.of(dense, 0, probe)).average().orElseThrow()));
        }
        return result;
    }

    @Override
    public void close() {
        dense.close();
        probes.forEach(HiddenStates::close);
    }
}
