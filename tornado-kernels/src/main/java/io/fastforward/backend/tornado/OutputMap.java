package io.fastforward.backend.tornado;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The output map of a module. Replacements of leading columns come in a data type of their own, so the map is a pile of
 * weights: the latest serves its columns, the one below those after, and so on.
 */
final class OutputMap implements AutoCloseable {

    private final DeviceMemory memory;
    private final Deque<StoredMatrix> weights = new ArrayDeque<>();
    private @Nullable Region bias;

    OutputMap(DeviceMemory memory, Linear map) {
        this.memory = memory;
        weights.push(memory.store(map.weight()));
        try {
            replaceBias(map.bias());
        } catch (Throwable e) {
            close();
            throw e;
        }
    }

    /** Replaces leading columns, and the bias if one is given. */
    void replace(Linear map) {
        StoredMatrix replacement = memory.store(map.weight());
        weights.removeIf(below -> {
            boolean covered = below.columns() <= replacement.columns();
            if (covered) {
                below.close();
            }
            return covered;
        });
        weights.push(replacement);
        replaceBias(map.bias());
    }

    private void replaceBias(@Nullable Matrix replacement) {
        if (replacement != null) {
            Region added = memory.vector(replacement, 0);
            if (bias != null) {
                bias.close();
            }
            bias = added;
        }
    }

    /** y += W · x over the leading columns, plus the bias. */
    void addTo(int columns, int rows, int x, int xRow, int y, int yRow) {
        int first = 0;
        for (StoredMatrix weight : weights) {
            int count = Math.min(weight.columns(), columns) - first;
            if (count > 0) {
                LinearMap.apply(
                        memory,
                        weight,
                        0,
                        new LinearMap.Columns(first, count),
                        new LinearMap.Rows(
                                rows,
                                x + first,
                                xRow,
                                weight.rows(),
                                y,
                                yRow,
                                1,
                                first == 0 && bias != null ? bias.start() : -1,
                                true));
                first += count;
            }
        }
    }

    @Override
    public void close() {
        weights.forEach(StoredMatrix::close);
        weights.clear();
        if (bias != null) {
            bias.close();
        }
    }
}
