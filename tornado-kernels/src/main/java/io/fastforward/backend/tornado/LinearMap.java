package io.fastforward.backend.tornado;

import io.fastforward.spi.model.Linear;
import io.fastforward.spi.tensor.Matrix;
import org.jspecify.annotations.Nullable;

/** A linear map whose weights are on the device as they are stored; panels of them are widened when used. */
final class LinearMap implements AutoCloseable {

    private final StoredMatrix weight;
    private final @Nullable Region bias;

    private LinearMap(StoredMatrix weight, @Nullable Region bias) {
        this.weight = weight;
        this.bias = bias;
    }

    static LinearMap load(DeviceMemory memory, Linear map) {
        StoredMatrix weight = memory.store(map.weight());
        try {
            Matrix bias = map.bias();
            return new LinearMap(weight, bias == null ? null : memory.vector(bias, 0));
        } catch (Throwable e) {
            weight.close();
            throw e;
        }
    }

    StoredMatrix weight() {
        return weight;
    }

    /** Start of the bias, or -1. */
    int bias() {
        return bias == null ? -1 : bias.start();
    }

    /**
     * What a map is applied to, and where its outputs go.
     *
     * @param count rows
     * @param x start of the inputs
     * @param xRow elements from one row of the inputs to the next
     * @param outputs columns of the outputs
     * @param y start of the outputs
     * @param yRow elements from one row of the outputs to the next
     * @param yColumn elements from one column of the outputs to the next
     * @param bias start of the bias of the first output, or -1
     * @param add whether the outputs are added to what is there
     */
    record Rows(int count, int x, int xRow, int outputs, int y, int yRow, int yColumn, int bias, boolean add) {

        /** Consecutive rows. */
        Rows range(int first, int rows) {
            return new Rows(rows, x + first * xRow, xRow, outputs, y + first * yRow, yRow, yColumn, bias, add);
        }

        /** Consecutive outputs. */
        Rows outputs(int first, int some) {
            return new Rows(
                    count, x, xRow, some, y + first * yColumn, yRow, yColumn, bias < 0 ? -1 : bias + first, add);
        }
    }

    /**
     * The leading outputs of all inputs.
     *
     * @param x start of the inputs, {@code rows × inputs}
     * @param y start of the outputs
     */
    void apply(DeviceMemory memory, int outputs, int rows, int x, int xRow, int y, int yRow, int yColumn) {
        apply(
                memory,
                weight,
                0,
                new Columns(0, weight.columns()),
                new Rows(rows, x, xRow, outputs, y, yRow, yColumn, bias(), false));
    }

    /** Consecutive columns of a weight. */
    record Columns(int first, int count) {}

    /** The product with some rows and columns of a weight, on tensor cores if the device has them and it is worth it. */
    static void apply(DeviceMemory memory, StoredMatrix weight, int firstOutput, Columns inputs, Rows rows) {
        TensorProduct tensorProduct = memory.tensorProduct();
        if (tensorProduct != null && tensorProduct.takes(weight.type(), rows.count, inputs.count)) {
            tensorProduct.apply(weight, firstOutput, inputs, rows);
        } else {
            applyByPanels(memory, weight, firstOutput, inputs, rows);
        }
    }

    /** The same by plain kernels. */
    static void applyByPanels(DeviceMemory memory, StoredMatrix weight, int firstOutput, Columns inputs, Rows rows) {
        int most = Math.max(1, memory.panelElements() / inputs.count);
        int width = Math.min(rows.outputs, most);
        try (Region panel = memory.take(inputs.count, width)) {
            for (int first = 0; first < rows.outputs; first += width) {
                Rows some = rows.outputs(first, Math.min(width, rows.outputs - first));
                expand(memory, weight, firstOutput + first, some.outputs, inputs, panel.start());
                ProductKernel.launch(
                        memory.executor(),
                        new ProductKernel.Sizes(
                                some.count,
                                some.outputs,
                                inputs.count,
                                some.x,
                                some.xRow,
                                1,
                                panel.start(),
                                some.outputs,
                                some.y,
                                some.yRow,
                                some.yColumn,
                                some.bias,
                                some.add,
                                false));
            }
        }
    }

    /** Widens some outputs of a weight to a panel {@code inputs × outputs}. */
    static void expand(
            DeviceMemory memory, StoredMatrix weight, int firstOutput, int outputs, Columns inputs, int panel) {
        ExpandKernel.launch(
                memory.executor(),
                weight.array(),
                new ExpandKernel.Sizes(
                        weight.type(),
                        inputs.count,
                        outputs,
                        weight.element(firstOutput, inputs.first),
                        1,
                        weight.columns(),
                        panel,
                        outputs));
    }

    @Override
    public void close() {
        weight.close();
        if (bias != null) {
            bias.close();
        }
    }
}
