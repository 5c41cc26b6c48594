package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.kernel.ExpandKernel;
import io.fastforward.backend.tornado.kernel.ProductKernel;

/** Products with weights that are on the device: packed, or as they are stored, and then panels are widened when used. */
public final class WeightProduct {

    private WeightProduct() {}

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
    public record Rows(int count, int x, int xRow, int outputs, int y, int yRow, int yColumn, int bias, boolean add) {

        /** Consecutive rows. */
        Rows range(int first, int rows) {
            return new Rows(rows, x + first * xRow, xRow, outputs, y + first * yRow, yRow, yColumn, bias, add);
        }

        /** Consecutive outputs. */
        public Rows outputs(int first, int some) {
            return new Rows(
                    count, x, xRow, some, y + first * yColumn, yRow, yColumn, bias < 0 ? -1 : bias + first, add);
        }

        /** The inputs from one on: what they make is added to that of those before, which had the bias. */
        public Rows inputs(int first) {
            return new Rows(
                    count, x + first, xRow, outputs, y, yRow, yColumn, first == 0 ? bias : -1, add || first > 0);
        }
    }

    /** Consecutive columns of a weight. */
    public record Columns(int first, int count) {}

    /**
     * The product with some rows and columns of a weight, on tensor cores if the device has them and it is worth it.
     *
     * @param firstOutput of packed weights the first of a block
     * @param inputs of packed weights the leading ones
     */
    public static void apply(DeviceMemory memory, WeightMatrix weight, int firstOutput, Columns inputs, Rows rows) {
        switch (weight) {
            case StoredMatrix stored -> {
                TensorProduct tensorProduct = memory.tensorProduct();
                if (tensorProduct != null && tensorProduct.takes(stored.type(), rows.count, inputs.count)) {
                    tensorProduct.apply(stored, firstOutput, inputs, rows);
                } else {
                    applyByPanels(memory, stored, firstOutput, inputs, rows);
                }
            }
            case PackedMatrix packed -> PackedProduct.apply(memory, packed, firstOutput, inputs.count, rows);
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
}
