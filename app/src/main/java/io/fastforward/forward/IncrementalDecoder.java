package io.fastforward.forward;

import io.fastforward.spi.backend.BatchShape;
import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.DeviceMatrix;
import io.fastforward.spi.backend.KeyValueCache;
import io.fastforward.spi.backend.LoadedModule;
import io.fastforward.spi.model.ModelEnds;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.Policy;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;

/**
 * A decoder model that reads one sequence bit by bit and remembers the keys and values of what it has read: for
 * generation, and for sequences that begin alike. Called from one thread at a time.
 */
public final class IncrementalDecoder implements AutoCloseable {

    private final ComputeBackend backend;
    private final LayerSource layers;
    private final ModelSpec spec;
    private final TokenEmbedding embedding;
    private final LanguageModelHead head;
    private final Policy policy;
    private final int capacity;
    private final Map<Integer, KeyValueCache> caches = new HashMap<>();
    private int length;

    /**
     * A decoder that has read nothing, over layers that belong to the caller and stay loaded.
     *
     * @param policy what it retains of the layers
     * @param capacity most tokens of the sequence
     */
    public IncrementalDecoder(ComputeBackend backend, LayerSource layers, ModelEnds ends, Policy policy, int capacity) {
        if (!layers.resident()) {
            throw new IllegalArgumentException("keys and values are kept with layers that stay loaded");
        }
        this.backend = backend;
        this.layers = layers;
        this.spec = layers.spec();
        this.embedding = new TokenEmbedding(backend, ends);
        this.policy = policy;
        this.capacity = capacity;
        try {
            this.head = new LanguageModelHead(backend, ends);
        } catch (Throwable e) {
            embedding.close();
            throw e;
        }
    }

    /**
     * Reads the next tokens.
     *
     * @param tokens at least one; with those read before at most the capacity
     * @return the logits after the last of them
     */
    public float[] read(int... tokens) {
        return process(tokens, hidden -> logits(tokens.length - 1, hidden));
    }

    /** Reads the next tokens, as {@link #read} does, when nobody asks what follows them. */
    public void skip(int... tokens) {
        process(tokens, hidden -> tokens.length);
    }

    /**
     * Reads the next tokens, as {@link #read} does.
     *
     * @param targets one token for each of them
     * @return the log-likelihood of the target after each token, natural
     */
    public double[] logLikelihoods(int[] tokens, int[] targets) {
        double[] result = new double[targets.length];
        process(tokens, hidden -> {
            head.logLikelihood(hidden, targets, result);
            return result;
        });
        return result;
    }

    /** Forgets all but the first tokens. */
    public void truncate(int tokens) {
        caches.values().forEach(cache -> cache.truncate(tokens));
        length = tokens;
    }

    private <T> T process(int[] tokens, Function<DeviceMatrix, T> end) {
        if (tokens.length == 0 || tokens.length > capacity - length) {
            throw new IllegalArgumentException(
                    tokens.length + " more tokens after " + length + " of at most " + capacity);
        }
        int first = length;
        try (DeviceMatrix hidden = backend.allocate(tokens.length, spec.hiddenSize());
                DeviceMatrix features = backend.allocate(tokens.length, spec.widestFeatures())) {
            embedding.write(tokens, row -> first + row, hidden);
            for (int layer = 0; layer < spec.layers().size(); layer++) {
                try (LoadedLayer loaded = layers.load(layer)) {
                    attend(layer, loaded.attention(), tokens.length, hidden, features);
                    int channels = policy.channels(layer);
                    if (channels > 0) {
                        backend.apply(loaded.mlp(), channels, new BatchShape(1, tokens.length), hidden, features);
                    }
                }
            }
            length += tokens.length;
            return end.apply(hidden);
        }
    }

    private void attend(int layer, LoadedModule attention, int rows, DeviceMatrix hidden, DeviceMatrix features) {
        int units = policy.attentionUnits(layer);
        if (units == 0) {
            return;
        }
        KeyValueCache cache = caches.computeIfAbsent(layer, _ -> backend.keyValueCache(attention, units, capacity));
        backend.nextFeatures(cache, rows, hidden, features);
        backend.project(attention, units, rows, features, hidden);
    }

    private float[] logits(int row, DeviceMatrix hidden) {
        try (Arena arena = Arena.ofShared()) {
            Matrix logits = Matrix.allocate(arena, DataType.F32, 1, head.vocabulary());
            head.logits(hidden, row, logits);
            float[] values = new float[logits.columns()];
            MemorySegment.copy(logits.data(), ValueLayout.JAVA_FLOAT, 0, values, 0, values.length);
            return values;
        }
    }

    @Override
    public void close() {
        caches.values().forEach(KeyValueCache::close);
        head.close();
        embedding.close();
    }
}
