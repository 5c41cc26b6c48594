package io.fastforward.backend.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Lays out the operands of {@link TensorProductKernel}: pieces of numbers in bfloat16 (see {@link OperandPieces}), two in
 * an int, in tiles as tensor cores take them, so that the product reads memory from one end to the other. What is beyond
 * the matrix is zero.
 */
final class PackKernels {

    private static final int NOT_FINITE = 0x7F800000;
    private static final int NAN = 0x7FC0;

    private PackKernels() {}

    /**
     * The arguments for inputs. Tiles of 16 columns follow each other, in a tile the rows.
     *
     * @param rows of the inputs
     * @param columns of the inputs
     * @param x start of the inputs
     * @param xRow elements from one row to the next
     * @param target start among the operands
     * @param paddedRows rows of the target
     * @param columnTiles tiles of 16 columns of the target
     */
    record Rows(int rows, int columns, int x, int xRow, int target, int paddedRows, int columnTiles) {}

    static void packRows(KernelExecutor executor, Rows sizes, OperandPieces pieces) {
        executor.packRows(
                (long) sizes.columnTiles * TensorProductKernel.PAIRS,
                sizes.paddedRows,
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.target,
                sizes.paddedRows,
                sizes.columnTiles,
                pieces.pairs(),
                pieces.inputs());
    }

    /** A work-item packs two neighbouring columns of a row. */
    static void ffPackRows(KernelContext context, FloatArray memory, IntArray operands, IntArray sizes) {
        sizes.set(KernelExecutor.DONE, 1);
        int pair = context.globalIdx;
        int row = context.globalIdy;
        int tiles = sizes.get(6);
        int paddedRows = sizes.get(5);
        if (pair < tiles * TensorProductKernel.PAIRS && row < paddedRows) {
            int column = pair * 2;
            int columns = sizes.get(1);
            int x = sizes.get(2) + row * sizes.get(3) + column;
            int first = 0;
            int second = 0;
            if (row < sizes.get(0)) {
                if (column < columns) {
                    first = Float.floatToRawIntBits(memory.get(x));
                }
                if (column + 1 < columns) {
                    second = Float.floatToRawIntBits(memory.get(x + 1));
                }
            }
            int target = sizes.get(4)
                    + ((pair / TensorProductKernel.PAIRS) * paddedRows + row) * TensorProductKernel.PAIRS
                    + pair % TensorProductKernel.PAIRS;
            int copies = sizes.get(7);
            int order = sizes.get(8);
            for (int copy = 0; copy < copies; copy++) {
                int piece = (order >> (2 * copy)) & 3;
                operands.set(
                        target + copy * tiles * paddedRows * TensorProductKernel.PAIRS,
                        ffPiece(first, piece) | (ffPiece(second, piece) << 16));
            }
        }
    }

    /**
     * The arguments for weights, whose rows are the outputs. Tiles of 16 inputs follow each other, in a tile those of 8
     * outputs, in these the inputs.
     *
     * @param type as {@link ExpandKernel} numbers them
     * @param outputs rows of the weight
     * @param inputs columns of the weight
     * @param source number of the first element within the source
     * @param sourceRow elements from one output to the next
     * @param target start among the operands
     * @param outputTiles tiles of 8 outputs of the target
     * @param inputTiles tiles of 16 inputs of the target
     */
    record Weights(
            int type,
            int outputs,
            int inputs,
            int source,
            int sourceRow,
            int target,
            int outputTiles,
            int inputTiles) {}

    static void packWeights(KernelExecutor executor, int array, Weights sizes, OperandPieces pieces) {
        executor.packWeights(
                array,
                (long) sizes.inputTiles * TensorProductKernel.DEPTH,
                (long) sizes.outputTiles * TensorProductKernel.OUTPUT_PAIRS,
                sizes.type,
                sizes.outputs,
                sizes.inputs,
                sizes.source,
                sizes.sourceRow,
                sizes.target,
                sizes.outputTiles,
                sizes.inputTiles,
                pieces.weightCopies(),
                pieces.weights());
    }

    /** A work-item packs the weights of two neighbouring outputs for one input. */
    static void ffPackWeights(KernelContext context, IntArray source, IntArray operands, IntArray sizes) {
        sizes.set(KernelExecutor.DONE, 1);
        int input = context.globalIdx;
        int pair = context.globalIdy;
        int outputTiles = sizes.get(6);
        int inputTiles = sizes.get(7);
        if (input < inputTiles * TensorProductKernel.DEPTH && pair < outputTiles * TensorProductKernel.OUTPUT_PAIRS) {
            int output = pair * 2;
            int outputs = sizes.get(1);
            int element = sizes.get(3) + output * sizes.get(4) + input;
            int first = 0;
            int second = 0;
            if (input < sizes.get(2)) {
                if (output < outputs) {
                    first = ExpandKernel.ffBits(source, sizes.get(0), element);
                }
                if (output + 1 < outputs) {
                    second = ExpandKernel.ffBits(source, sizes.get(0), element + sizes.get(4));
                }
            }
            int tile = (input / TensorProductKernel.DEPTH) * outputTiles + pair / TensorProductKernel.OUTPUT_PAIRS;
            int target = sizes.get(5)
                    + tile * TensorProductKernel.WEIGHT_TILE
                    + (input % TensorProductKernel.DEPTH) * TensorProductKernel.OUTPUT_PAIRS
                    + pair % TensorProductKernel.OUTPUT_PAIRS;
            int copies = sizes.get(8);
            int order = sizes.get(9);
            for (int copy = 0; copy < copies; copy++) {
                int piece = (order >> (2 * copy)) & 3;
                operands.set(
                        target + copy * inputTiles * outputTiles * TensorProductKernel.WEIGHT_TILE,
                        ffPiece(first, piece) | (ffPiece(second, piece) << 16));
            }
        }
    }

    /**
     * The bits of a piece of a single-precision number: what is nearest to it, what is nearest to the rest, and so on. Of
     * what is not finite the first piece is all.
     */
    private static int ffPiece(int bits, int piece) {
        int result = 0;
        if ((bits & NOT_FINITE) == NOT_FINITE) {
            if (piece == 0) {
                result = bits >>> 16;
                if ((bits & 0x007FFFFF) != 0) {
                    result = NAN;
                }
            }
        } else {
            float rest = Float.intBitsToFloat(bits);
            for (int i = 0; i < piece; i++) {
                rest -= Float.intBitsToFloat(ffNearest(Float.floatToRawIntBits(rest)));
            }
            result = ffNearest(Float.floatToRawIntBits(rest)) >>> 16;
        }
        return result;
    }

    /** The bits of the nearest number in bfloat16; the next smaller one where that would be infinite. */
    private static int ffNearest(int bits) {
        int nearest = (bits + 0x7FFF + ((bits >>> 16) & 1)) & 0xFFFF0000;
        if ((nearest & NOT_FINITE) == NOT_FINITE) {
            nearest = bits & 0xFFFF0000;
        }
        return nearest;
    }
}
