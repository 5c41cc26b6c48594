package io.fastforward.forward;

import io.fastforward.forward.HiddenStates.Chunk;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import io.fastforward.tokenizer.TokenWindows;
import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;

/**
 * A decoder model on a device: what tokens it expects. It serves every policy that retains leading units of its
 * layers. Called from one thread at a time.
 *
 * <p>When layers are streamed, all windows (as far as the memory for hidden states goes) and all policies pass through
 * a layer before the next is loaded. Policies that agree on leading modules pass these as one.
 */
public final class Decoder implements AutoCloseable {

    /** Most policies that pass layers together that stay loaded: as many as a batch of a search has. More would share little. */
    private static final int POLICIES = 16;

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

    /** Bytes of the hidden states of policies that part on the first layer, if layers stay loaded. */
    public static long branchBytes(ModelSpec spec, int windowLength) {
        return (long) POLICIES
                * HiddenStates.windowsPerChunk(windowLength)
                * windowLength
                * spec.hiddenSize()
                * Float.BYTES;
    }

    /** Is shown hidden states that have passed all layers. */
    @FunctionalInterface
    public interface Visitor {

        /**
         * Some windows have passed.
         *
         * @param policy with the units of which one
         * @param firstWindow index of the first one
         * @param part these windows
         * @param states theirs, until this returns
         */
        void visit(int policy, int firstWindow, TokenWindows part, HiddenStates states);
    }

    /**
     * Passes windows through all layers for each policy. Policies that agree on leading modules share these.
     *
     * @return for each policy the tokens that passed layers for it alone, or for it first, times the share of the layers that
     *     they passed
     */
    public double[] visit(TokenWindows windows, List<Policy> policies, Visitor visitor) {
        double[] costs = new double[policies.size()];
        int windowsAtOnce = windowsAtOnce(windows);
        int policiesAtOnce = policiesAtOnce(windows, windowsAtOnce);
        List<Integer> order = alikeTogether(policies);
        for (int first = 0; first < windows.count(); first += windowsAtOnce) {
            int end = Math.min(first + windowsAtOnce, windows.count());
            TokenWindows part = windows.subset(IntStream.range(first, end).toArray());
            for (int begin = 0; begin < order.size(); begin += policiesAtOnce) {
                List<Integer> some = order.subList(begin, Math.min(begin + policiesAtOnce, order.size()));
                try (PolicyBranches branches = new PolicyBranches(HiddenStates.embed(backend, ends, part), some)) {
                    run(branches, policies, costs);
                    int firstWindow = first;
                    branches.forEach((policy, states) -> visitor.visit(policy, firstWindow, part, states));
                }
            }
        }
        return costs;
    }

    /** The head that belongs to what a {@link Visitor} is shown. */
    public LanguageModelHead head() {
        return head;
    }

    /**
     * Log-likelihoods of the tokens that follow.
     *
     * @return for each policy {@code count · length} natural logarithms: at {@code window · length + p} that of token
     *     p + 1 after tokens 0 to p of the window; 0 at its last position, where nothing follows
     */
    public List<double[]> logLikelihoods(TokenWindows windows, List<Policy> policies) {
        List<double[]> results = policies.stream()
                .map(policy -> new double[windows.count() * windows.length()])
                .toList();
        visit(
                windows,
                policies,
                (policy, firstWindow, part, states) ->
                        head.logLikelihoods(part, states, results.get(policy), firstWindow * windows.length()));
        return results;
    }

    /** The hidden states of windows behind all layers, for the policy that retains everything. The caller closes them. */
    public HiddenStates denseStates(TokenWindows windows) {
        PolicyBranches branches = new PolicyBranches(HiddenStates.embed(backend, ends, windows), List.of(0));
        try {
            run(branches, List.of(layers.spec().densePolicy()), new double[1]);
            return branches.only();
        } catch (Throwable e) {
            branches.close();
            throw e;
        }
    }

    /**
     * Logits after every token of one window, for the policy that retains everything.
     *
     * @return F32, {@code length × vocabulary}, owned by the arena
     */
    public Matrix logits(TokenWindows window, Arena arena) {
        try (HiddenStates states = denseStates(window)) {
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

    private void run(PolicyBranches branches, List<Policy> policies, double[] costs) {
        int count = layers.spec().layers().size();
        try (DeviceMatrix scratch =
                backend.allocate(branches.chunkRows(), layers.spec().widestFeatures())) {
            for (int layer = 0; layer < count; layer++) {
                try (LoadedLayer loaded = layers.load(layer)) {
                    for (int index : new int[] {2 * layer, 2 * layer + 1}) {
                        int module = index;
                        IntUnaryOperator units =
                                policy -> policies.get(policy).retained().get(module);
                        branches.split(backend, units);
                        branches.forEachBranch((policy, states) -> {
                            for (Chunk chunk : states.chunks()) {
                                loaded.apply(backend, module, units.applyAsInt(policy), chunk, scratch);
                                costs[policy] += chunk.shape().rows() / (2.0 * count);
                            }
                        });
                    }
                }
            }
        }
    }

    /** Indexes of policies, in an order in which those stand together that agree on leading modules. */
    private static List<Integer> alikeTogether(List<Policy> policies) {
        Comparator<Integer> order = (left, right) -> Arrays.compare(
                policies.get(left).retained().toArray(Integer[]::new),
                policies.get(right).retained().toArray(Integer[]::new));
        return IntStream.range(0, policies.size()).boxed().sorted(order).toList();
    }

    /** Layers that stay loaded are ready for few windows of many policies; others are loaded for as many as can be. */
    private int windowsAtOnce(TokenWindows windows) {
        int perChunk = HiddenStates.windowsPerChunk(windows.length());
        long fitting = layers.resident() ? 1 : hiddenStateBytes / windowBytes(windows) / perChunk;
        return (int) Math.min(Math.max(fitting, 1) * perChunk, windows.count());
    }

    private int policiesAtOnce(TokenWindows windows, int windowsAtOnce) {
        return Math.clamp(hiddenStateBytes / (windowBytes(windows) * windowsAtOnce), 1, POLICIES);
    }

    private long windowBytes(TokenWindows windows) {
        return (long) windows.length() * layers.spec().hiddenSize() * Float.BYTES;
    }
}
