package io.fastforward.prune;

import io.fastforward.model.WeightCopy;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.WeightSource;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;

/** Keeps the layers of a pruned model in memory, for variants that are measured and not written. */
public final class CollectedLayers implements PrunedLayerSink, WeightSource, AutoCloseable {

    private final Arena arena = Arena.ofShared();
    private final List<LayerWeights> layers = new ArrayList<>();

    @Override
    public void accept(int layer, LayerWeights weights) {
        if (layer != layers.size()) {
            throw new IllegalStateException("got layer " + layer + " after " + layers.size() + " layers");
        }
        layers.add(WeightCopy.of(weights, null, arena));
    }

    @Override
    public LayerWeights layer(int layer, Arena unused) {
        return layers.get(layer);
    }

    @Override
    public void close() {
        arena.close();
    }
}
