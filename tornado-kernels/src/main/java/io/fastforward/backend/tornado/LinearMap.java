package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.device.DeviceMemory;
import io.fastforward.backend.tornado.device.PackedMatrix;
import io.fastforward.backend.tornado.device.Region;
import io.fastforward.backend.tornado.device.StoredMatrix;
import io.fastforward.backend.tornado.device.WeightMatrix;
import io.fastforward.backend.tornado.device.WeightProduct;
import io.fastforward.backend.tornado.device.WeightProduct.Columns;
import io.fastforward.backend.tornado.device.WeightProduct.Rows;
import io.fastforward.backend.tornado.kernel.ColumnSumKernel;
import io.fastforward.backend.tornado.kernel.ExpandKernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.model.Axis;
import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A linear map whose weights are on the device. Where they are as they are stored, replacements of leading rows or columns
 * come in a data type of their own, so the map is a pile of weights: the latest serves its rows or columns, the one below
 * those after, and so on. Packed weights are replaced in their place.
 */
final class LinearMap implements AutoCloseable {

    /** With as many the error of a sum stays below 2⁻¹⁶, and thousands of work-items are busy. */
    private static final int SUMMED_ROWS = 256;

    private final DeviceMemory memory;
    private final Axis axis;
    private final Deque<WeightMatrix> weights = new ArrayDeque<>();
    private final @Nullable Region bias;

    /** @param axis what of it is replaced: rows or columns */
    LinearMap(DeviceMemory memory, Linear map, Axis axis) {
        this.memory = memory;
        this.axis = axis;
        weights.push(memory.weights().load(map.weight()));
        try {
            Matrix given = map.bias();
            this.bias = given == null ? null : memory.vector(given, 0);
        } catch (Throwable e) {
            weights.forEach(WeightMatrix::close);
            throw e;
        }
    }

    /** Replaces leading rows or columns, and as much of the bias if it is given. */
    void replace(Linear map) {
        if (weights.getFirst() instanceof PackedMatrix packed) {
            memory.weights().replace(packed, map.weight());
        } else {
            pile(memory.weights().load(map.weight()));
        }
        Matrix given = map.bias();
        if (bias != null && given != null) {
            memory.write(given, bias.start(), given.columns());
        }
    }

    private void pile(WeightMatrix replacement) {
        weights.removeIf(below -> {
            boolean covered = length(below) <= length(replacement);
            if (covered) {
                below.close();
            }
            return covered;
        });
        weights.push(replacement);
    }

    private int length(WeightMatrix weight) {
        return axis == Axis.ROWS ? weight.rows() : weight.columns();
    }

    /**
     * y = W · x + b, or added to y, over the leading outputs and inputs.
     *
     * @param inputs how many columns of W and elements of a row of x are used
     * @param outputs how many rows of W
     * @param x start of the inputs
     * @param y start of the outputs
     * @param add whether the outputs are added to what is there
     */
    void apply(int inputs, int outputs, int rows, int x, int xRow, int y, int yRow, boolean add) {
        Rows all = new Rows(rows, x, xRow, outputs, y, yRow, 1, bias == null ? -1 : bias.start(), add);
        int first = 0;
        for (WeightMatrix weight : weights) {
            int count = Math.min(length(weight), axis == Axis.ROWS ? outputs : inputs) - first;
            if (count > 0) {
                if (axis == Axis.ROWS) {
                    WeightProduct.apply(memory, weight, first, new Columns(0, inputs), all.outputs(first, count));
                } else {
                    WeightProduct.apply(memory, weight, 0, new Columns(first, count), all.inputs(first));
                }
                first += count;
            }
        }
    }

    /**
     * Σ |W_ij| over all rows i, for every column j, of the map as it was loaded, if it is here as it is stored. Blocks of
     * rows are summed up in single precision, the blocks in double precision.
     */
    Optional<double[]> magnitudes() {
        return weights.getLast() instanceof StoredMatrix stored ? Optional.of(magnitudes(stored)) : Optional.empty();
    }

    private double[] magnitudes(StoredMatrix weight) {
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
        weights.forEach(WeightMatrix::close);
        if (bias != null) {
            bias.close();
        }
    }
}
