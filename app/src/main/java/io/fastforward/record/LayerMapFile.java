package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.prune.MapLayout;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.model.MapRole;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/**
 * The numbers of some maps of a layer, one after the other in one file, each with its bias behind its weights.
 *
 * @param maps what they are, in their order
 * @param sha256 of the file
 */
record LayerMapFile(List<MapLayout> maps, String sha256) {

    /** No file. */
    static final LayerMapFile NONE = new LayerMapFile(List.of(), "");

    LayerMapFile {
        maps = List.copyOf(maps);
        if (new HashSet<>(maps.stream().map(MapLayout::role).toList()).size() < maps.size()) {
            throw new IllegalArgumentException("it has a map twice");
        }
    }

    /** Writes a file; none if there are no maps. */
    static LayerMapFile write(RecordStore store, String name, Map<MapRole, Linear> maps) {
        if (maps.isEmpty()) {
            return NONE;
        }
        List<MapLayout> layouts = new ArrayList<>();
        List<MemorySegment> pieces = new ArrayList<>();
        try (Arena arena = Arena.ofShared()) {
            new EnumMap<>(maps).forEach((role, map) -> {
                layouts.add(MapLayout.of(role, map));
                pieces.add(packed(map.weight(), arena));
                Matrix bias = map.bias();
                if (bias != null) {
                    pieces.add(packed(bias, arena));
                }
            });
            FileHash written = store.write(name, bytes(layouts), pieces);
            return new LayerMapFile(layouts, written.sha256());
        }
    }

    /** The bytes of the numbers of maps. */
    static long bytes(Map<MapRole, Linear> maps) {
        return maps.entrySet().stream()
                .mapToLong(map -> MapLayout.of(map.getKey(), map.getValue()).bytes())
                .sum();
    }

    private static long bytes(List<MapLayout> maps) {
        return maps.stream().mapToLong(MapLayout::bytes).sum();
    }

    /** Row after row, without gaps. */
    private static MemorySegment packed(Matrix matrix, Arena arena) {
        return bytes(matrix.rowStride() == matrix.columns() ? matrix : matrix.copy(matrix.type(), arena));
    }

    /** The memory of a matrix without gaps. */
    static MemorySegment bytes(Matrix packed) {
        return packed.data()
                .asSlice(
                        0,
                        (long) packed.rows() * packed.columns() * packed.type().bytes());
    }

    /**
     * Checks that the file is there as it was written.
     *
     * @throws IllegalArgumentException if not
     */
    void requireIntact(Path file) {
        if (!maps.isEmpty()) {
            requireIntact(file, bytes(maps), sha256);
        }
    }

    /**
     * Checks that a file has the size that it must have, and the contents that were written.
     *
     * @throws IllegalArgumentException if not
     */
    static void requireIntact(Path file, long bytes, String sha256) {
        if (FileHash.find(file)
                .filter(found -> found.bytes() == bytes && found.sha256().equals(sha256))
                .isEmpty()) {
            throw new IllegalArgumentException("'" + file + "' is damaged or gone");
        }
    }

    /**
     * The maps.
     *
     * @param arena in which they are mapped, to be read
     * @throws Failure of kind {@link FailureKind#BAD_RECORD} if the file has not their size
     */
    Map<MapRole, Linear> read(Path file, Arena arena) {
        if (maps.isEmpty()) {
            return Map.of();
        }
        MemorySegment numbers = RecordFile.map(file, bytes(maps), arena);
        Map<MapRole, Linear> read = new EnumMap<>(MapRole.class);
        long at = 0;
        for (MapLayout map : maps) {
            Matrix weight = matrix(numbers, at, map.type(), map.rows(), map.columns());
            DataType bias = map.bias();
            read.put(
                    map.role(),
                    new Linear(
                            weight,
                            bias == null ? null : matrix(numbers, at + map.weightBytes(), bias, 1, map.rows())));
            at += map.bytes();
        }
        return read;
    }

    private static Matrix matrix(MemorySegment numbers, long at, DataType type, int rows, int columns) {
        return new Matrix(numbers.asSlice(at), type, rows, columns, columns);
    }
}
