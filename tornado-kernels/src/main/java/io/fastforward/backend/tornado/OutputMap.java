package io.fastforward.backend.tornado;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * The output map of a module. Replacements of leading columns come in a data type of their own, so the map is a pile of
 * weights: the latest serves its columns, the one below those after, and so on.
 */
final class OutputMap implements AutoCloseable {

    /** With as many the error of a sum stays below 2⁻¹⁶, and thousands of work-items are busy. */
    private static final int SUMMED_ROWS = 256;

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

    /**
     * Σ |W_ij| over all rows i, for every column j. Blocks of rows are summed up in single precision, the blocks in
     * double precision.
     */
    double[] magnitudes() {
        StoredMatrix weight = weights.getLast();
        int columns = weight.columns();
        double[] sums = new double[columns];
        int most = Math.clamp(memory.panelElements() / columns, 1, KernelExecutor.MOST_ROWS);
        for (int first = 0; first < weight.rows(); first += most) {
            int rows = Math.min(most, weight.rows() - first);
            int blocks = Math.ceilDiv(rows, SUMMED_ROWS);
            try (Region panel = memory.take(rows, columns);
                    Region partial = memory.take(blocks, columns)) {
                ExpandKernel.launch(
                        memory.executor(),
                        weight.array(),
                        new ExpandKernel.Sizes(
                                weight.type(),
                                rows,
                                columns,
                                weight.element(first, 0),
                                columns,
                                1,
                                panel.start(),
                                columns));
                ColumnSumKernel.launch(
                        memory.executor(),
                        new ColumnSumKernel.Sizes(
                                ColumnSumKernel.Term.MAGNITUDE,
                                rows,
                                SUMMED_ROWS,
                                columns,
                                panel.start(),
                                columns,
                                partial.start()));
                memory.read(partial.start(), columns, blocks, columns, (block, segment, offset) -> {
                    for (int column = 0; column < columns; column++) {
                        sums[column] += segment.get(ValueLayout.JAVA_FLOAT, offset + (long) column * Float.BYTES);
                    }
                });
            }
        }
        return sums;
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
