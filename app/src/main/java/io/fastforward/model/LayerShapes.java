package io.fastforward.model;

import io.fastforward.spi.model.AttentionSpec;
import io.fastforward.spi.model.MlpSpec;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.TensorNames;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The shapes of a layer's tensors, by name, without the tensors: what a checkpoint of some architecture holds. */
public final class LayerShapes {

    private final Map<String, List<Long>> shapes = new HashMap<>();

    private LayerShapes() {}

    /** Those of a layer whose units are as in checkpoints. */
    public static Map<String, List<Long>> of(ModelSpec spec, int layer) {
        LayerShapes result = new LayerShapes();
        TensorNames names = spec.names();
        AttentionSpec attention = spec.layers().get(layer).attention();
        MlpSpec mlp = spec.layers().get(layer).mlp();
        long hidden = spec.hiddenSize();
        long queries = attention.features(attention.units());
        long keys = (long) attention.groups() * attention.headSize();
        result.addNorm(names.attentionNorm().formatted(layer), hidden);
        result.addLinear(names.query().formatted(layer), queries, hidden);
        result.addLinear(names.key().formatted(layer), keys, hidden);
        result.addLinear(names.value().formatted(layer), keys, hidden);
        result.addLinear(names.attentionOutput().formatted(layer), hidden, queries);
        result.addNorm(names.mlpNorm().formatted(layer), hidden);
        String gate = names.gate();
        if (gate != null) {
            result.addLinear(gate.formatted(layer), mlp.channels(), hidden);
        }
        result.addLinear(names.up().formatted(layer), mlp.channels(), hidden);
        result.addLinear(names.mlpOutput().formatted(layer), hidden, mlp.channels());
        return Map.copyOf(result.shapes);
    }

    private void addLinear(String name, long rows, long columns) {
        shapes.put(name + ".weight", List.of(rows, columns));
        shapes.put(name + ".bias", List.of(rows));
    }

    private void addNorm(String name, long size) {
        shapes.put(name + ".weight", List.of(size));
        shapes.put(name + ".bias", List.of(size));
    }
}
