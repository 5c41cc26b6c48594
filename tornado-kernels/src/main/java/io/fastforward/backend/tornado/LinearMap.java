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
                outputs,
                new Columns(0, weight.columns()),
                rows,
                x,
                xRow,
                y,
                yRow,
                yColumn,
                bias(),
                false);
    }

    /** Consecutive columns of a weight. */
    record Columns(int first, int count) {}

    /** The product with some rows and columns of a weight, panel by panel. */
    static void apply(
            DeviceMemory memory,
            StoredMatrix weight,
            int firstOutput,
            int outputs,
            Columns inputs,
            int rows,
            int x,
            int xRow,
            int y,
            int yRow,
            int yColumn,
            int bias,
            boolean add) {
        int most = Math.max(1, memory.panelElements() / inputs.count);
        int width = Math.min(outputs, most);
        try (Region panel = memory.take(inputs.count, width)) {
            for (int first = 0; first < outputs; first += width) {
                int count = Math.min(width, outputs - first);
                expand(memory, weight, firstOutput + first, count, inputs, panel.start());
                ProductKernel.launch(
                        memory.executor(),
                        new ProductKernel.Sizes(
                                rows,
                                count,
                                inputs.count,
                                x,
                                xRow,
                                1,
                                panel.start(),
                                count,
                                y + first * yColumn,
                                yRow,
                                yColumn,
                                bias < 0 ? -1 : bias + first,
                                add,
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
