package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.WeightProduct.Rows;
import io.fastforward.backend.tornado.kernel.RoundedProductKernel;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;

/**
 * Products in bfloat16 with packed weights: one launch, unless the blocks of the result have no room at once. However few
 * rows there are: what it takes to read the weights is the same.
 */
final class PackedProduct {

    private static final int BLOCK = TensorProductKernel.BLOCK;

    private PackedProduct() {}

    /**
     * The product with the leading inputs of some rows of a weight.
     *
     * @param firstOutput the first of a block
     */
    static void apply(DeviceMemory memory, PackedMatrix weight, int firstOutput, int inputs, Rows rows) {
        int outputsAtOnce = atOnce(rows.outputs(), memory.panelElements() / BLOCK);
        int rowsAtOnce = atOnce(rows.count(), memory.panelElements() / blocks(Math.min(outputsAtOnce, rows.outputs())));
        for (int output = 0; output < rows.outputs(); output += outputsAtOnce) {
            Rows some = rows.outputs(output, Math.min(outputsAtOnce, rows.outputs() - output));
            for (int row = 0; row < rows.count(); row += rowsAtOnce) {
                multiply(
                        memory,
                        weight,
                        firstOutput + output,
                        inputs,
                        some.range(row, Math.min(rowsAtOnce, rows.count() - row)));
            }
        }
    }

    /** As many as there are, or as many whole blocks as have room, but one in any case. */
    private static int atOnce(int count, int room) {
        return blocks(count) <= room ? count : Math.max(BLOCK, room / BLOCK * BLOCK);
    }

    /** Rounded up to blocks. */
    private static int blocks(int count) {
        return Math.ceilDiv(count, BLOCK) * BLOCK;
    }

    private static void multiply(DeviceMemory memory, PackedMatrix weight, int firstOutput, int inputs, Rows rows) {
        try (Region blocks = memory.take(blocks(rows.count()), blocks(rows.outputs()))) {
            RoundedProductKernel.launch(
                    memory.executor(),
                    weight.array(),
                    new RoundedProductKernel.Sizes(
                            rows.count(),
                            inputs,
                            rows.outputs(),
                            rows.x(),
                            rows.xRow(),
                            weight.start(firstOutput),
                            weight.tileElements(),
                            rows.y(),
                            rows.yRow(),
                            rows.yColumn(),
                            rows.bias(),
                            rows.add(),
                            blocks.start()));
        }
    }
}
