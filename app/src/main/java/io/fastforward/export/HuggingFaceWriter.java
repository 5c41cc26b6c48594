package io.fastforward.export;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import io.fastforward.checkpoint.AtomicFile;
import io.fastforward.checkpoint.CheckpointWriter;
import io.fastforward.json.ForeignJson;
import io.fastforward.model.NamedTensor;
import io.fastforward.nested.PartMove;
import io.fastforward.spi.format.ModelSource;
import io.fastforward.spi.format.ModelWriter;
import io.fastforward.spi.model.LayerSpec;
import io.fastforward.spi.model.LayerWeights;
import io.fastforward.spi.model.ModelSpec;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.model.ModuleWeights;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Writes a checkpoint directory. */
final class HuggingFaceWriter implements ModelWriter {

    private final ModelSource source;
    private final ModelSpec model;
    private final ModelSpec written;
    private final CheckpointWriter tensors;
    private final List<Integer> places;

    /**
     * A writer.
     *
     * @param model the architecture of the layers that come
     * @param written the one that is written, perhaps with more units
     */
    HuggingFaceWriter(ModelSource source, ModelSpec model, ModelSpec written, CheckpointWriter tensors) {
        this.source = source;
        this.model = model;
        this.written = written;
        this.tensors = tensors;
        this.places = HuggingFaceFormat.places(model, written);
    }

    /** Writes everything but the layers, and what follows them. */
    void begin(Path directory, String config) {
        AtomicFile.write(directory.resolve("config.json"), config.getBytes(StandardCharsets.UTF_8));
        ModellingFile.of(parsed(config))
                .ifPresent(file -> AtomicFile.write(directory.resolve(file.name()), file.contents()));
        source.copyCompanions(directory);
        source.endTensors().forEach(tensors::write);
    }

    private static JsonNode parsed(String config) {
        try {
            return ForeignJson.mapper(StreamReadConstraints.defaults()).readTree(config);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("the config to write is not JSON", e);
        }
    }

    @Override
    public void layer(int layer, LayerWeights weights) {
        int place = places.indexOf(layer);
        if (place < 0) {
            return; // it does nothing
        }
        LayerSpec own = model.layers().get(layer);
        LayerSpec wanted = written.layers().get(place);
        try (Arena arena = Arena.ofShared()) {
            LayerWeights complete = own.equals(wanted)
                    ? weights
                    : new LayerWeights(
                            fillUp(own.attention(), wanted.attention(), weights.attention(), arena),
                            fillUp(own.mlp(), wanted.mlp(), weights.mlp(), arena));
            NamedTensor.ofLayer(written, place, complete)
                    .forEach(tensor -> tensors.write(tensor.name(), tensor.matrix()));
        }
    }

    private ModuleWeights fillUp(ModuleSpec own, ModuleSpec wanted, ModuleWeights weights, Arena arena) {
        return own.isIdentity()
                ? HuggingFaceFormat.orZeros(wanted, weights, source, arena)
                : PartMove.fillUp(own, wanted, weights, arena);
    }

    @Override
    public void finish() {
        NamedTensor.ofFinalNorm(written.names(), source.ends().head().norm())
                .forEach(tensor -> tensors.write(tensor.name(), tensor.matrix()));
        tensors.finish();
    }

    @Override
    public void close() {
        tensors.close();
    }
}
