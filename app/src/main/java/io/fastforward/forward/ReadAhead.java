package io.fastforward.forward;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.WeightSource;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/**
 * Layers that are loaded one by one, each while the one before computes: reading, reordering and the way to the device
 * hide behind the work. Only for a backend that {@linkplain ComputeBackend#loadsWhileComputing() can}.
 */
final class ReadAhead implements LayerSource {

    private final ComputeBackend backend;
    private final ModelSpec spec;
    private final WeightSource weights;
    private final ExecutorService loader = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("read-ahead").factory());
    private @Nullable Ahead ahead;

    /** A layer that is being loaded. */
    private record Ahead(int layer, CompletableFuture<LoadedLayer> loading) {}

    ReadAhead(ComputeBackend backend, ModelSpec spec, WeightSource weights) {
        this.backend = backend;
        this.spec = spec;
        this.weights = weights;
    }

    @Override
    public ModelSpec spec() {
        return spec;
    }

    @Override
    public LoadedLayer load(int layer) {
        LoadedLayer loaded = take(layer);
        if (layer + 1 < spec.layers().size()) {
            ahead = new Ahead(
                    layer + 1,
                    CompletableFuture.supplyAsync(
                            () -> LayerSource.loadLayer(backend, spec, weights, layer + 1), loader));
        }
        return loaded;
    }

    /**
     * The layer that was loaded ahead, or else one that is loaded now. What went wrong ahead is tried again: there may
     * not have been room beside the layer before, and if it goes wrong again, it does so where the layer is asked for.
     */
    private LoadedLayer take(int layer) {
        Ahead found = ahead;
        ahead = null;
        if (found != null) {
            try {
                LoadedLayer loaded = found.loading.join();
                if (found.layer == layer) {
                    return loaded;
                }
                loaded.close();
            } catch (CompletionException | CancellationException e) {
                // Tried again below.
            }
        }
        return LayerSource.loadLayer(backend, spec, weights, layer);
    }

    @Override
    public boolean resident() {
        return false;
    }

    @Override
    public void close() {
        if (ahead != null) {
            ahead.loading
                    .thenAccept(LoadedLayer::close)
                    .exceptionally(e -> null)
                    .join();
            ahead = null;
        }
        loader.close();
    }
}
