package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.RepairedLayers;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/**
 * The files of a workload's repaired output maps.
 *
 * @param maps by the index of modules
 */
public record RepairedMapFiles(Map<Integer, RepairedMap> maps) implements RepairedLayers.OutputMaps {

    public RepairedMapFiles {
        maps = Map.copyOf(maps);
    }

    /** Whether all of them are there as they were written. */
    public boolean areIntact() {
        return maps.values().stream()
                .allMatch(map -> FileHash.find(Path.of(map.file()))
                        .filter(found -> found.sha256().equals(map.sha256()))
                        .isPresent());
    }

    @Override
    public boolean holds(int module, int units) {
        RepairedMap map = maps.get(module);
        return map != null && map.units() == units;
    }

    /** @throws Failure of kind {@link FailureKind#BAD_RECORD} if the file has not the size of the map */
    @Override
    public Matrix read(ModuleSpec module, int index, Arena arena) {
        RepairedMap map = maps.get(index);
        if (map == null) {
            throw new IllegalArgumentException("module " + index + " has no repaired output map");
        }
        int rows = module.maps().getLast().rows();
        int features = module.features(map.units());
        long bytes = (long) rows * features * DataType.F32.bytes();
        MemorySegment numbers = RecordFile.map(Path.of(map.file()), bytes, arena);
        return new Matrix(numbers, DataType.F32, rows, features, features);
    }
}
