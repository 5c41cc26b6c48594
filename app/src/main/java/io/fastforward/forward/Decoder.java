package io.fastforward.forward;

import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * A decoder model on a device: what tokens it expects. It serves every policy that retains leading units of its
 * layers. Called from one thread at a time.
 *
 * <p>When layers are streamed, all windows (as far as the memory for hidden states goes) and all policies pass through
 * a layer before the next is loaded.
 */
public final class Decoder implements AutoCloseable {

    private final ComputeBackend backend;
    private final LayerSource layers;
    private final ModelEnds ends;
    private final LanguageModelHead head;
    private final long hiddenStateBytes;

    /**
     * A decoder over layers that belong to the caller.
     *
     * @param ends what is before and after the layers; its weights must live as long as the decoder
     * @param hiddenStateBytes device memory for hidden states; at least one chunk is always processed
     */
    public Decoder(ComputeBackend backend, LayerSource layers, ModelEnds ends, long hiddenStateBytes) {
        this.backend = backend;
        this.layers = layers;
        this.ends = ends;
        this.head = new LanguageModelHead(backend, ends);
        // A device needs as much again for what comes and goes with every module.
        this.hiddenStateBytes = Math.min(hiddenStateBytes, backend.matrixBytes() / 3);
    }

    /**
     * Log-likelihoods of the tokens that follow.
     *
     * @return for each policy {@code count · length} natural logarithms: at {@code window · length + p} that of token
     *     p + 1 after tokens 0 to p of the window; 0 at its last position, where nothing follows
     */
    public List<double[]> logLikelihoods(TokenWindows windows, List<Policy> policies) {
        List<double[]> results = new ArrayList<>();
        int windowsAtOnce = windowsAtOnce(windows);
        int policiesAtOnce = layers.resident() ? 1 : policiesAtOnce(windows, windowsAtOnce);
        for (Policy ignored : policies) {
            results.add(new double[windows.count() * windows.length()]);
        }
        for (int first = 0; first < windows.count(); first += windowsAtOnce) {
            int end = Math.min(first + windowsAtOnce, windows.count());
            TokenWindows part = windows.subset(IntStream.range(first, end).toArray());
            for (int policy = 0; policy < policies.size(); policy += policiesAtOnce) {
                int last = Math.min(policy + policiesAtOnce, policies.size());
                process(part, policies.subList(policy, last), results.subList(policy, last), first * windows.length());
            }
        }
        return results;
    }

    /**
     * Logits after every token of one window, for the policy that retains everything.
     *
     * @return F32, {@code length × vocabulary}, owned by the arena
     */
    public Matrix logits(TokenWindows window, Arena arena) {
        try (HiddenStates states = HiddenStates.embed(backend, ends, window)) {
            run(List.of(states), List.of(layers.spec().densePolicy()));
            Matrix logits = Matrix.allocate(arena, DataType.F32, window.length(), head.vocabulary());
            head.logits(states.chunks().getFirst().hidden(), 0, logits);
            return logits;
        }
    }

    /**
     * A decoder over the same layers for sequences that are read bit by bit, if the layers stay loaded; the caller closes
     * it.
     *
     * @param capacity most tokens of a sequence
     */
    public Optional<IncrementalDecoder> incremental(Policy policy, int capacity) {
        return layers.resident()
                ? Optional.of(new IncrementalDecoder(backend, layers, ends, policy, capacity))
                : Optional.empty();
    }

    @Override
    public void close() {
        head.close();
    }

    private void process(TokenWindows windows, List<Policy> policies, List<double[]> results, int resultOffset) {
        List<HiddenStates> states = new ArrayList<>();
        try {
            for (Policy ignored : policies) {
                states.add(HiddenStates.embed(backend, ends, windows));
            }
            run(states, policies);
            for (int i = 0; i < policies.size(); i++) {
                head.logLikelihoods(windows, states.get(i), results.get(i), resultOffset);
            }
        } finally {
            states.forEach(HiddenStates::close);
        }
    }

    private void run(List<HiddenStates> states, List<Policy> policies) {
        int widest = layers.spec().widestFeatures();
        try (DeviceMatrix scratch = backend.allocate(states.getFirst().chunkRows(), widest)) {
            for (int layer = 0; layer < layers.spec().layers().size(); layer++) {
                try (LoadedLayer loaded = layers.load(layer)) {
                    for (int i = 0; i < policies.size(); i++) {
                        Policy policy = policies.get(i);
                        for (Chunk chunk : states.get(i).chunks()) {
                            loaded.apply(backend, policy.attentionUnits(layer), policy.channels(layer), chunk, scratch);
                        }
                    }
                }
            }
        }
    }

    private int windowsAtOnce(TokenWindows windows) {
        long fitting = hiddenStateBytes / windowBytes(windows);
        return (int) Math.min(Math.max(fitting, HiddenStates.windowsPerChunk(windows.length())), windows.count());
    }

    private int policiesAtOnce(TokenWindows windows, int windowsAtOnce) {
        return Math.clamp(hiddenStateBytes / (windowBytes(windows) * windowsAtOnce), 1, Integer.MAX_VALUE);
    }

    private long windowBytes(TokenWindows windows) {
        return (long) windows.length() * layers.spec().hiddenSize() * Float.BYTES;
    }
}
