package io.fastforward.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.StorageFailure;
import io.fastforward.failure.Failure;
import io.fastforward.forward.LayerWalk;
import io.fastforward.json.StrictJson;
import io.fastforward.prune.PassShape;
import io.fastforward.spi.measure.HiddenStream;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.StreamSupport;

/**
 * The files of a {@linkplain PassRecord pass}, read and written. What is read was checked to be of this run, pass and model, and
 * whole.
 *
 * @param <T> what a layer gives
 */
final class PassFiles<T> {

    private final RecordStore store;
    private final String run;
    private final String pass;
    private final Class<T> type;
    private final PassShape<T> shape;

    /** @param run id of the run */
    PassFiles(RecordStore store, String run, String pass, Class<T> type, PassShape<T> shape) {
        this.store = store;
        this.run = run;
        this.pass = pass;
        this.type = type;
        this.shape = shape;
    }

    /** What a layer gave, and the maps that it replaced. */
    record Layer<T>(T outcome, LayerMapFile maps) {}

    /**
     * What was found.
     *
     * @param layers those that are kept, beginning with the first
     */
    record Found<T>(PassState state, List<Layer<T>> layers) {}

    /** The contents of a layer's JSON file. */
    private record Entry(ObjectNode outcome, LayerMapFile maps) {}

    PassShape<T> shape() {
        return shape;
    }

    /**
     * Reads how far the pass came.
     *
     * @throws Failure if a file is damaged
     * @throws IllegalArgumentException if one is not what the pass can have left
     */
    Found<T> read() {
        PassState state = RecordFile.read(store.file(PassRecord.STATE), run, PassState.class);
        state.requireFits(pass, shape);
        List<Layer<T>> layers = new ArrayList<>();
        for (int layer = state.first(); layer < state.end(); layer++) {
            layers.add(readLayer(layer));
        }
        state.hidden().forEach((stream, sha256) -> {
            Path file = hiddenFile(state.generation(), stream);
            LayerMapFile.requireIntact(file, streamBytes(), sha256);
        });
        return new Found<>(state, List.copyOf(layers));
    }

    private Layer<T> readLayer(int layer) {
        Path file = store.file(layerName(layer, "json"));
        Entry entry = RecordFile.read(file, run, Entry.class);
        try {
            T outcome = StrictJson.MAPPER.treeToValue(entry.outcome(), type);
            shape.check().requireFits(layer, outcome, entry.maps().maps());
            entry.maps().requireIntact(mapFile(layer));
            return new Layer<>(outcome, entry.maps());
        } catch (JsonProcessingException e) {
            throw RecordFile.damaged(file, StrictJson.reason(e), e);
        }
    }

    /** The maps of a layer, mapped into the arena. */
    Map<MapRole, Linear> readMaps(int layer, LayerMapFile maps, Arena arena) {
        return maps.read(mapFile(layer), arena);
    }

    /** Brings the streams of a walk where they were. */
    void restore(PassState state, LayerWalk walk) {
        try (Arena arena = Arena.ofShared()) {
            Map<HiddenStream, Matrix> rows = new EnumMap<>(HiddenStream.class);
            state.hidden().keySet().forEach(stream -> {
                MemorySegment numbers = RecordFile.map(hiddenFile(state.generation(), stream), streamBytes(), arena);
                rows.put(
                        stream,
                        new Matrix(numbers, DataType.F32, shape.tokens(), shape.hiddenSize(), shape.hiddenSize()));
            });
            walk.restore(rows);
        }
    }

    LayerMapFile writeMaps(int layer, Map<MapRole, Linear> maps) {
        store.makeFolder(PassRecord.FOLDER);
        return LayerMapFile.write(store, layerName(layer, "maps"), maps);
    }

    void writeLayer(int layer, Layer<T> contents) {
        store.makeFolder(PassRecord.FOLDER);
        ObjectNode outcome = StrictJson.MAPPER.valueToTree(contents.outcome());
        store.write(layerName(layer, "json"), RecordFile.bytes(run, new Entry(outcome, contents.maps())));
    }

    /** Writes the hidden states of a walk. */
    Map<HiddenStream, String> writeHidden(int generation, LayerWalk walk) {
        store.makeFolder(PassRecord.FOLDER);
        Map<HiddenStream, String> hashes = new EnumMap<>(HiddenStream.class);
        for (HiddenStream stream : walk.apart()) {
            try (Arena arena = Arena.ofShared()) {
                Iterable<Matrix> rows = walk.rows(stream, arena);
                Iterable<MemorySegment> pieces = () -> StreamSupport.stream(rows.spliterator(), false)
                        .map(LayerMapFile::bytes)
                        .iterator();
                FileHash written = store.write(hiddenName(generation, stream), streamBytes(), pieces);
                hashes.put(stream, written.sha256());
            }
        }
        return hashes;
    }

    /** Writes how far the pass has come, after what that stands for. */
    void writeState(int first, int end, int generation, Map<HiddenStream, String> hidden) {
        store.write(PassRecord.STATE, RecordFile.bytes(run, new PassState(pass, first, end, generation, hidden)));
    }

    /** Deletes hidden states that no state stands for any more. */
    void deleteHidden(int generation) {
        for (HiddenStream stream : HiddenStream.values()) {
            Path file = hiddenFile(generation, stream);
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw StorageFailure.of(file, e);
            }
        }
    }

    /** Bytes of the hidden states of a walk in files. */
    long hiddenBytes(LayerWalk walk) {
        return walk.apart().size() * streamBytes();
    }

    /** Bytes that the disk has left, if it tells. */
    OptionalLong room() {
        return StorageFailure.free(store.path());
    }

    Path directory() {
        return store.file(PassRecord.FOLDER);
    }

    private long streamBytes() {
        return (long) shape.tokens() * shape.hiddenSize() * Float.BYTES;
    }

    private Path mapFile(int layer) {
        return store.file(layerName(layer, "maps"));
    }

    private Path hiddenFile(int generation, HiddenStream stream) {
        return store.file(hiddenName(generation, stream));
    }

    private static String layerName(int layer, String extension) {
        return PassRecord.FOLDER + "/layer-" + layer + "." + extension;
    }

    private static String hiddenName(int generation, HiddenStream stream) {
        return PassRecord.FOLDER + "/hidden-" + generation + "-" + stream.name().toLowerCase(Locale.ROOT) + ".f32";
    }
}
