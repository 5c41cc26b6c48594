package io.fastforward.record;

import io.fastforward.checkpoint.FileHash;
import io.fastforward.checkpoint.ReadFailure;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.forward.RepairedLayers;
import io.fastforward.spi.model.ModuleSpec;
import io.fastforward.spi.search.Workload.RepairedMap;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
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
        return maps.values().stream().allMatch(map -> {
            Path file = Path.of(map.file());
            return Files.isRegularFile(file) && FileHash.of(file).sha256().equals(map.sha256());
        });
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
        Path file = Path.of(map.file());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            if (channel.size() != bytes) {
                throw RecordFile.damaged(
                        file,
                        "it has " + channel.size() + " bytes, but the map of " + map.units() + " units " + bytes,
                        null);
            }
            return new Matrix(
                    channel.map(FileChannel.MapMode.READ_ONLY, 0, bytes, arena),
                    DataType.F32,
                    rows,
                    features,
                    features);
        } catch (IOException e) {
            throw ReadFailure.of(file, e);
        }
    }
}
