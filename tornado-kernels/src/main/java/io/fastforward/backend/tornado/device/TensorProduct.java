package io.fastforward.backend.tornado.device;

import io.fastforward.backend.tornado.device.WeightProduct.Columns;
import io.fastforward.backend.tornado.kernel.CopyKernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.OperandPieces;
import io.fastforward.backend.tornado.kernel.PackKernels;
import io.fastforward.backend.tornado.kernel.TensorProductKernel;
import io.fastforward.spi.tensor.DataType;

/**
 * Products with stored weights on tensor cores, in single precision. Rows, and outputs, are processed as many at once
 * as their packed operands have room.
 */
public final class TensorProduct {

    /** Fewer rows leave most of a block idle. */
    private static final int LEAST_ROWS = 32;

    private final DeviceMemory memory;
    private final KernelExecutor executor;

    TensorProduct(DeviceMemory memory) {
        this.memory = memory;
        this.executor = memory.executor();
    }

    /**
     * How a product is cut.
     *
     * @param pieces of its operands
     * @param tiles along the inputs, once
     * @param rows most rows at once
     * @param outputs most outputs at once
     */
    private record Cut(OperandPieces pieces, int tiles, int rows, int outputs) {

        /** Ints of the packed inputs, for each row. */
        long rowInts() {
            return (long) pieces.pairs() * tiles * TensorProductKernel.PAIRS;
        }

        /** Ints of the packed weights, for each output. */
        long outputInts() {
            return (long) pieces.weightCopies() * tiles * TensorProductKernel.PAIRS;
        }
    }

    /** Whether a product of so many rows and inputs is for tensor cores: it is large enough, and a block has room. */
    boolean takes(DataType weight, int rows, int inputs) {
        if (rows < LEAST_ROWS) {
            return false;
        }
        Cut cut = cut(weight, rows, Integer.MAX_VALUE, inputs);
        return cut.rows > 0 && cut.outputs > 0;
    }

    private Cut cut(DataType weight, int rows, int outputs, int inputs) {
        OperandPieces pieces = OperandPieces.of(weight);
        int tiles =
                Math.ceilDiv(inputs, TensorProductKernel.DEPTH * TensorProductKernel.TILES) * TensorProductKernel.TILES;
        var whole = new Cut(pieces, tiles, 0, 0);
        int most = executor.operandElements();
        long room = Math.min(most / 4L * 3 / whole.rowInts(), KernelExecutor.MOST_ROWS);
        int rowsAtOnce = (int) Math.min(blocks(rows), wholeBlocks(room));
        long fitting = Math.min(
                most / 4 / whole.outputInts(), memory.panelElements() / Math.max(inputs, Math.max(1, rowsAtOnce)));
        return new Cut(pieces, tiles, rowsAtOnce, (int) Math.min(blocks(outputs), wholeBlocks(fitting)));
    }

    /** Rounded up to blocks. */
    private static long blocks(int count) {
        return Math.ceilDiv((long) count, TensorProductKernel.BLOCK) * TensorProductKernel.BLOCK;
    }

    /** Rounded down to blocks. */
    private static long wholeBlocks(long count) {
        return count / TensorProductKernel.BLOCK * TensorProductKernel.BLOCK;
    }

    /** The product with some rows and columns of a weight. */
    void apply(StoredMatrix weight, int firstOutput, Columns inputs, WeightProduct.Rows rows) {
        int outputs = rows.outputs();
        Cut cut = cut(weight.type(), rows.count(), outputs, inputs.count());
        for (int row = 0; row < rows.count(); row += cut.rows) {
            WeightProduct.Rows some = rows.range(row, Math.min(cut.rows, rows.count() - row));
            int paddedRows = (int) blocks(some.count());
            PackKernels.packInputs(
                    executor,
                    new PackKernels.Inputs(
                            some.count(), inputs.count(), some.x(), some.xRow(), 0, paddedRows, cut.tiles),
                    cut.pieces);
            int weights = Math.toIntExact(paddedRows * cut.rowInts());
            for (int output = 0; output < outputs; output += cut.outputs) {
                int count = Math.min(cut.outputs, outputs - output);
                pack(cut, weight, firstOutput + output, count, inputs, weights);
                multiply(cut, paddedRows, (int) blocks(count), weights, some.outputs(output, count));
            }
        }
    }

    private void pack(Cut cut, StoredMatrix weight, int firstOutput, int outputs, Columns inputs, int target) {
        try (Region panel = memory.take(inputs.count(), outputs)) {
            WeightProduct.expand(memory, weight, firstOutput, outputs, inputs, panel.start());
            PackKernels.packWeights(
                    executor,
                    new PackKernels.Weights(
                            inputs.count(), outputs, panel.start(), target, cut.tiles, (int) blocks(outputs) / 8),
                    cut.pieces);
        }
    }

    private void multiply(Cut cut, int paddedRows, int paddedOutputs, int weights, WeightProduct.Rows rows) {
        try (Region product = memory.take(paddedRows, paddedOutputs)) {
            TensorProductKernel.launch(
                    executor,
                    new TensorProductKernel.Sizes(
                            paddedRows / TensorProductKernel.BLOCK,
                            paddedOutputs / TensorProductKernel.BLOCK,
                            cut.pieces.pairs() * cut.tiles,
                            cut.pieces.weightCopies() * cut.tiles,
                            0,
                            weights,
                            product.start(),
                            paddedOutputs));
            CopyKernel.launch(
                    executor,
                    new CopyKernel.Sizes(
                            rows.count(),
                            rows.outputs(),
                            product.start(),
                            paddedOutputs,
                            1,
                            rows.y(),
                            rows.yRow(),
                            rows.yColumn(),
                            rows.bias(),
                            rows.add()));
        }
    }
}
