package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.spi.model.RotaryPositions;
import io.fastforward.spi.tensor.DataType;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;

/** Cosines and sines of rotary positions on the device, computed in double precision, as many as were needed so far. */
public final class RotaryTables implements AutoCloseable {

    private static final int FEWEST = 256;

    private final DeviceMemory memory;
    private final Map<RotaryPositions, Table> tables = new HashMap<>();

    private record Table(int positions, Region region) {}

    public RotaryTables(DeviceMemory memory) {
        this.memory = memory;
    }

    /** Start of a table of at least so many positions. */
    public int table(RotaryPositions rotary, int positions) {
        Table known = tables.get(rotary);
        if (known == null || known.positions < positions) {
            if (known != null) {
                known.region.close();
                tables.remove(rotary);
            }
            known = make(rotary, Math.max(positions, FEWEST));
            tables.put(rotary, known);
        }
        return known.region.start();
    }

    private Table make(RotaryPositions rotary, int positions) {
        int pairs = rotary.frequencies().size();
        try (Arena arena = Arena.ofConfined()) {
            Matrix values = Matrix.allocate(arena, DataType.F32, positions, 2 * pairs);
            for (int position = 0; position < positions; position++) {
                for (int i = 0; i < pairs; i++) {
                    double angle = position * rotary.frequencies().get(i);
                    values.set(position, i, (float) Math.cos(angle));
                    values.set(position, pairs + i, (float) Math.sin(angle));
                }
            }
            Region region = memory.take(positions, 2L * pairs);
            try {
                memory.write(values, region.start(), 2 * pairs);
            } catch (Throwable e) {
                region.close();
                throw e;
            }
            return new Table(positions, region);
        }
    }

    @Override
    public void close() {
        tables.values().forEach(table -> table.region.close());
        tables.clear();
    }
}
