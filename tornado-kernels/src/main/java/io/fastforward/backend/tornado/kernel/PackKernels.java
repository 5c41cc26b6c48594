package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Lays out the operands of {@link TensorProductKernel}: pieces of numbers in bfloat16 (see {@link OperandPieces}), two in
 * an int, in tiles as tensor cores take them, so that the product reads memory from one end to the other. What is beyond
 * the matrix is zero.
 */
public final class PackKernels {

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
     * @param tiles tiles of 16 columns of the target
     */
    public record Inputs(int rows, int columns, int x, int xRow, int target, int paddedRows, int tiles) {}

    public static void packInputs(KernelExecutor executor, Inputs sizes, OperandPieces pieces) {
        executor.packInputs(
                (long) sizes.tiles * TensorProductKernel.PAIRS,
                sizes.paddedRows,
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.target,
                sizes.paddedRows,
                sizes.tiles,
                pieces.pairs(),
                pieces.inputs());
    }

    /** A work-item packs two neighbouring columns of a row. */
    public static void ffPackInputs(KernelContext context, FloatArray memory, IntArray operands, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int pair = context.globalIdx;
        int row = context.globalIdy;
        int paddedRows = sizes.get(5);
        int tiles = sizes.get(6);
        if (pair < tiles * TensorProductKernel.PAIRS && row < paddedRows) {
            int column = pair * 2;
            int columns = sizes.get(1);
            int x = sizes.get(2) + row * sizes.get(3) + column;
            int tile = pair / TensorProductKernel.PAIRS;
            int target = sizes.get(4)
                    + (tile * paddedRows + row) * TensorProductKernel.PAIRS
                    + pair % TensorProductKernel.PAIRS;
            int copies = sizes.get(7);
            int order = sizes.get(8);
            for (int copy = 0; copy < copies; copy++) {
                int piece = (order >> (2 * copy)) & 3;
                int low = 0;
                int high = 0;
                if (row < sizes.get(0) && column < columns) {
                    low = BFloat16.bf16FromFloat(ffRest(memory.get(x), piece));
                }
                if (row < sizes.get(0) && column + 1 < columns) {
                    high = BFloat16.bf16FromFloat(ffRest(memory.get(x + 1), piece));
                }
                operands.set(
                        target + copy * tiles * paddedRows * TensorProductKernel.PAIRS, (low & 0xFFFF) | (high << 16));
            }
        }
    }

    /**
     * The arguments for weights. Tiles of 16 inputs follow each other, in a tile those of 8 outputs, in these the inputs.
     *
     * @param inputs rows of the weights
     * @param outputs columns of the weights, which lie side by side
     * @param x start of the weights
     * @param target start among the operands
     * @param tiles tiles of 16 inputs of the target
     * @param outputTiles tiles of 8 outputs of the target
     */
    public record Weights(int inputs, int outputs, int x, int target, int tiles, int outputTiles) {}

    public static void packWeights(KernelExecutor executor, Weights sizes, OperandPieces pieces) {
        executor.packWeights(
                (long) sizes.outputTiles * TensorProductKernel.OUTPUT_PAIRS,
                (long) sizes.tiles * TensorProductKernel.DEPTH,
                sizes.inputs,
                sizes.outputs,
                sizes.x,
                sizes.target,
                sizes.tiles,
                sizes.outputTiles,
                pieces.weightCopies(),
                pieces.weights());
    }

    /** A work-item packs the weights of two neighbouring outputs for one input. */
    public static void ffPackWeights(KernelContext context, FloatArray memory, IntArray operands, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int pair = context.globalIdx;
        int input = context.globalIdy;
        int tiles = sizes.get(4);
        int outputTiles = sizes.get(5);
        if (pair < outputTiles * TensorProductKernel.OUTPUT_PAIRS && input < tiles * TensorProductKernel.DEPTH) {
            int output = pair * 2;
            int outputs = sizes.get(1);
            int x = sizes.get(2) + input * outputs + output;
            int tile = (input / TensorProductKernel.DEPTH) * outputTiles + pair / TensorProductKernel.OUTPUT_PAIRS;
            int target = sizes.get(3)
                    + tile * TensorProductKernel.WEIGHT_TILE
                    + (input % TensorProductKernel.DEPTH) * TensorProductKernel.OUTPUT_PAIRS
                    + pair % TensorProductKernel.OUTPUT_PAIRS;
            int copies = sizes.get(6);
            int order = sizes.get(7);
            for (int copy = 0; copy < copies; copy++) {
                int piece = (order >> (2 * copy)) & 3;
                int low = 0;
                int high = 0;
                if (input < sizes.get(0) && output < outputs) {
                    low = BFloat16.bf16FromFloat(ffRest(memory.get(x), piece));
                }
                if (input < sizes.get(0) && output + 1 < outputs) {
                    high = BFloat16.bf16FromFloat(ffRest(memory.get(x + 1), piece));
                }
                operands.set(
                        target + copy * tiles * outputTiles * TensorProductKernel.WEIGHT_TILE,
                        (low & 0xFFFF) | (high << 16));
            }
        }
    }

    // In both kernels the conversion stands alone in a condition. Shifted or masked at once, its result would be
    // computed
    // with in 16 bits by the CUDA backend of TornadoVM 5.2.0, without a word.

    /** What is left of a number after some pieces; nothing of one that is not finite, or that rounds to infinity. */
    private static float ffRest(float value, int pieces) {
        float rest = value;
        for (int i = 0; i < pieces; i++) {
            rest -= BFloat16.bf16ToFloat(BFloat16.bf16FromFloat(rest));
        }
        float result = 0f;
        if (rest * 0f == 0f) {
            result = rest;
        }
        if (pieces == 0) {
            result = value;
        }
        return result;
    }
}
