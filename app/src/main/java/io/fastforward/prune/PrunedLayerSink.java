package io.fastforward.prune;

import io.fastforward.spi.model.LayerWeights;
import java.util.List;

/** Receives the layers of a pruned model in order, each as soon as it is ready. */
@FunctionalInterface
public interface PrunedLayerSink {

    /** A layer; its weights are valid during the call. */
    void accept(int layer, LayerWeights weights);

    /** Passes every layer on to several sinks. */
    static PrunedLayerSink all(List<? extends PrunedLayerSink> sinks) {
        return (layer, weights) -> sinks.forEach(sink -> sink.accept(layer, weights));
    }
}
