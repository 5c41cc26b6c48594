package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A product in bfloat16 on tensor cores: Y = X · Wᵀ, or Y += X · Wᵀ, plus a bias for each column, with sums in single
 * precision. W lies as {@link WeightPackingKernel} packed it when it was loaded; X is rounded on its way to local memory
 * (to the nearest, ties to even), so that all of it is one launch. A group of 8 warps computes a block of 128 × 128
 * elements as {@link TensorProductKernel} does, and reads ahead as it does. Whole blocks go to a stretch of memory that
 * nobody else uses, and what of them belongs to Y from there to its place.
 *
 * <p>What lies beyond the inputs, rows and outputs that are asked for has no part in the result, whatever it is: a
 * candidate takes the first inputs and outputs of a packed matrix as they are.
 */
public final class RoundedProductKernel {

    private static final int DEPTH = TensorProductKernel.DEPTH;
    private static final int PAIRS = TensorProductKernel.PAIRS;
    private static final int BLOCK = TensorProductKernel.BLOCK;
    private static final int TILES = TensorProductKernel.TILES;
    private static final int LANES = TensorProductKernel.LANES;
    private static final int WARP = 32;

    /** Ints of a block's part of X, or of W, in one tile along the depth. */
    private static final int PART = BLOCK * PAIRS;

    private static final int PART_BYTES = PART * Integer.BYTES;
    private static final int WEIGHT_TILE_BYTES = TensorProductKernel.WEIGHT_TILE * Integer.BYTES;
    private static final int ROW_TILE_BYTES = 16 * PAIRS * Integer.BYTES;

    /** Rows of X between those that a work-item reads. */
    private static final int ROW_STEP = LANES / PAIRS;

    private RoundedProductKernel() {}

    /**
     * The arguments.
     *
     * @param rows of X and Y
     * @param inputs columns of X that count
     * @param outputs columns of Y
     * @param x start of X, whose columns lie side by side
     * @param xRow elements from one row of X to the next
     * @param w start among the weights of the block with the first output
     * @param wTile ints from one tile of 16 inputs of W to the next
     * @param y start of Y
     * @param yRow elements from one row of Y to the next
     * @param yColumn elements from one column of Y to the next
     * @param bias start of the bias, or -1
     * @param add whether the product is added to what is in Y
     * @param blocks start of a stretch for whole blocks, row by row: rows and outputs rounded up to {@code 128}
     */
    public record Sizes(
            int rows,
            int inputs,
            int outputs,
            int x,
            int xRow,
            int w,
            int wTile,
            int y,
            int yRow,
            int yColumn,
            int bias,
            boolean add,
            int blocks) {}

    /** @param weights the array that holds W */
    public static void launch(KernelExecutor executor, int weights, Sizes sizes) {
        int blockColumns = Math.ceilDiv(sizes.outputs, BLOCK);
        executor.multiplyPacked(
                weights,
                Math.multiplyExact(Math.ceilDiv(sizes.rows, BLOCK), blockColumns),
                blockColumns,
                sizes.rows,
                sizes.inputs,
                sizes.outputs,
                sizes.x,
                sizes.xRow,
                sizes.w,
                sizes.wTile,
                sizes.y,
                sizes.yRow,
                sizes.yColumn,
                sizes.bias,
                sizes.add ? 1 : 0,
                sizes.blocks);
    }

    public static void ffRoundedProduct(KernelContext context, IntArray weights, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int[] xPart = context.allocateIntLocalArray(TILES * PART);
        int[] wPart = context.allocateIntLocalArray(TILES * PART);
        int lane = context.localIdx;
        int warpRow = lane / WARP / 2;
        int warpColumn = lane / WARP % 2;
        int blockColumns = sizes.get(0);
        int blockRow = context.groupIdx / blockColumns;
        int blockColumn = context.groupIdx % blockColumns;
        int inputs = sizes.get(2);
        int last = inputs - 1;
        int wTile = sizes.get(7);
        int w = sizes.get(6) + blockColumn * PART + lane;
        int column = (lane % PAIRS) * 2; // of X, within a tile
        int input = lane / TensorProductKernel.OUTPUT_PAIRS % DEPTH; // row of W, within a tile
        // Rows beyond the last are copies of it: what they make is dropped.
        int xRow = sizes.get(5);
        int lastRow = sizes.get(1) - 1;
        int row = blockRow * BLOCK + lane / PAIRS;
        int x0 = sizes.get(4) + Math.min(row, lastRow) * xRow;
        int x1 = sizes.get(4) + Math.min(row + ROW_STEP, lastRow) * xRow;
        int x2 = sizes.get(4) + Math.min(row + 2 * ROW_STEP, lastRow) * xRow;
        int x3 = sizes.get(4) + Math.min(row + 3 * ROW_STEP, lastRow) * xRow;
        float[] c00 = context.mmaFragment(0f);
        float[] c01 = context.mmaFragment(0f);
        float[] c02 = context.mmaFragment(0f);
        float[] c03 = context.mmaFragment(0f);
        float[] c04 = context.mmaFragment(0f);
        float[] c05 = context.mmaFragment(0f);
        float[] c06 = context.mmaFragment(0f);
        float[] c07 = context.mmaFragment(0f);
        float[] c10 = context.mmaFragment(0f);
        float[] c11 = context.mmaFragment(0f);
        float[] c12 = context.mmaFragment(0f);
        float[] c13 = context.mmaFragment(0f);
        float[] c14 = context.mmaFragment(0f);
        float[] c15 = context.mmaFragment(0f);
        float[] c16 = context.mmaFragment(0f);
        float[] c17 = context.mmaFragment(0f);
        int k0 = Math.min(column, last);
        int k1 = Math.min(column + 1, last);
        int k2 = Math.min(column + DEPTH, last);
        int k3 = Math.min(column + DEPTH + 1, last);
        float a00l = memory.get(x0 + k0);
        float a00h = memory.get(x0 + k1);
        float a01l = memory.get(x1 + k0);
        float a01h = memory.get(x1 + k1);
        float a02l = memory.get(x2 + k0);
        float a02h = memory.get(x2 + k1);
        float a03l = memory.get(x3 + k0);
        float a03h = memory.get(x3 + k1);
        float a10l = memory.get(x0 + k2);
        float a10h = memory.get(x0 + k3);
        float a11l = memory.get(x1 + k2);
        float a11h = memory.get(x1 + k3);
        float a12l = memory.get(x2 + k2);
        float a12h = memory.get(x2 + k3);
        float a13l = memory.get(x3 + k2);
        float a13h = memory.get(x3 + k3);
        int from = w;
        int w00 = weights.get(from);
        int w01 = weights.get(from + LANES);
        int w02 = weights.get(from + 2 * LANES);
        int w03 = weights.get(from + 3 * LANES);
        int w10 = weights.get(from + wTile);
        int w11 = weights.get(from + wTile + LANES);
        int w12 = weights.get(from + wTile + 2 * LANES);
        int w13 = weights.get(from + wTile + 3 * LANES);
        for (int depth = 0; depth < inputs; depth += TILES * DEPTH) {
            int left = inputs - depth - column;
            xPart[lane] = ffPair(a00l, a00h, left);
            xPart[lane + LANES] = ffPair(a01l, a01h, left);
            xPart[lane + 2 * LANES] = ffPair(a02l, a02h, left);
            xPart[lane + 3 * LANES] = ffPair(a03l, a03h, left);
            xPart[lane + 4 * LANES] = ffPair(a10l, a10h, left - DEPTH);
            xPart[lane + 5 * LANES] = ffPair(a11l, a11h, left - DEPTH);
            xPart[lane + 6 * LANES] = ffPair(a12l, a12h, left - DEPTH);
            xPart[lane + 7 * LANES] = ffPair(a13l, a13h, left - DEPTH);
            int kept = inputs - depth - input;
            wPart[lane] = ffKept(w00, kept);
            wPart[lane + LANES] = ffKept(w01, kept);
            wPart[lane + 2 * LANES] = ffKept(w02, kept);
            wPart[lane + 3 * LANES] = ffKept(w03, kept);
            wPart[lane + 4 * LANES] = ffKept(w10, kept - DEPTH);
            wPart[lane + 5 * LANES] = ffKept(w11, kept - DEPTH);
            wPart[lane + 6 * LANES] = ffKept(w12, kept - DEPTH);
            wPart[lane + 7 * LANES] = ffKept(w13, kept - DEPTH);
            context.localBarrier();
            // What the next round needs is on its way while this one computes; the last round reads its own again.
            int next = depth + TILES * DEPTH;
            if (next >= inputs) {
                next = depth;
            }
            k0 = Math.min(next + column, last);
            k1 = Math.min(next + column + 1, last);
            k2 = Math.min(next + column + DEPTH, last);
            k3 = Math.min(next + column + DEPTH + 1, last);
            a00l = memory.get(x0 + k0);
            a00h = memory.get(x0 + k1);
            a01l = memory.get(x1 + k0);
            a01h = memory.get(x1 + k1);
            a02l = memory.get(x2 + k0);
            a02h = memory.get(x2 + k1);
            a03l = memory.get(x3 + k0);
            a03h = memory.get(x3 + k1);
            a10l = memory.get(x0 + k2);
            a10h = memory.get(x0 + k3);
            a11l = memory.get(x1 + k2);
            a11h = memory.get(x1 + k3);
            a12l = memory.get(x2 + k2);
            a12h = memory.get(x2 + k3);
            a13l = memory.get(x3 + k2);
            a13h = memory.get(x3 + k3);
            from = w + next / DEPTH * wTile;
            w00 = weights.get(from);
            w01 = weights.get(from + LANES);
            w02 = weights.get(from + 2 * LANES);
            w03 = weights.get(from + 3 * LANES);
            w10 = weights.get(from + wTile);
            w11 = weights.get(from + wTile + LANES);
            w12 = weights.get(from + wTile + 2 * LANES);
            w13 = weights.get(from + wTile + 3 * LANES);
            for (int half = 0; half < TILES; half++) {
                int rowBytes = half * PART_BYTES + warpRow * 2 * ROW_TILE_BYTES;
                int columnBytes = half * PART_BYTES + warpColumn * 8 * WEIGHT_TILE_BYTES;
                HalfFloat[] a0 = context.mmaLoadA(xPart, DEPTH, rowBytes);
                HalfFloat[] a1 = context.mmaLoadA(xPart, DEPTH, rowBytes + ROW_TILE_BYTES);
                HalfFloat[] b0 = context.mmaLoadB(wPart, DEPTH, columnBytes);
                c00 = context.mmaBF16(a0, b0, c00, MMAShape.M16N8K16);
                c10 = context.mmaBF16(a1, b0, c10, MMAShape.M16N8K16);
                HalfFloat[] b1 = context.mmaLoadB(wPart, DEPTH, columnBytes + WEIGHT_TILE_BYTES);
                c01 = context.mmaBF16(a0, b1, c01, MMAShape.M16N8K16);
                c11 = context.mmaBF16(a1, b1, c11, MMAShape.M16N8K16);
                HalfFloat[] b2 = context.mmaLoadB(wPart, DEPTH, columnBytes + 2 * WEIGHT_TILE_BYTES);
                c02 = context.mmaBF16(a0, b2, c02, MMAShape.M16N8K16);
                c12 = context.mmaBF16(a1, b2, c12, MMAShape.M16N8K16);
                HalfFloat[] b3 = context.mmaLoadB(wPart, DEPTH, columnBytes + 3 * WEIGHT_TILE_BYTES);
                c03 = context.mmaBF16(a0, b3, c03, MMAShape.M16N8K16);
                c13 = context.mmaBF16(a1, b3, c13, MMAShape.M16N8K16);
                HalfFloat[] b4 = context.mmaLoadB(wPart, DEPTH, columnBytes + 4 * WEIGHT_TILE_BYTES);
                c04 = context.mmaBF16(a0, b4, c04, MMAShape.M16N8K16);
                c14 = context.mmaBF16(a1, b4, c14, MMAShape.M16N8K16);
                HalfFloat[] b5 = context.mmaLoadB(wPart, DEPTH, columnBytes + 5 * WEIGHT_TILE_BYTES);
                c05 = context.mmaBF16(a0, b5, c05, MMAShape.M16N8K16);
                c15 = context.mmaBF16(a1, b5, c15, MMAShape.M16N8K16);
                HalfFloat[] b6 = context.mmaLoadB(wPart, DEPTH, columnBytes + 6 * WEIGHT_TILE_BYTES);
                c06 = context.mmaBF16(a0, b6, c06, MMAShape.M16N8K16);
                c16 = context.mmaBF16(a1, b6, c16, MMAShape.M16N8K16);
                HalfFloat[] b7 = context.mmaLoadB(wPart, DEPTH, columnBytes + 7 * WEIGHT_TILE_BYTES);
                c07 = context.mmaBF16(a0, b7, c07, MMAShape.M16N8K16);
                c17 = context.mmaBF16(a1, b7, c17, MMAShape.M16N8K16);
            }
            context.localBarrier();
        }
        int blockRowLength = blockColumns * BLOCK;
        int blockStart = sizes.get(13) + blockRow * BLOCK * blockRowLength + blockColumn * BLOCK;
        int storeRow = warpRow * 32;
        int storeColumn = blockStart + warpColumn * 64;
        context.mmaStore(c00, memory, storeRow, storeColumn, blockRowLength);
        context.mmaStore(c01, memory, storeRow, storeColumn + 8, blockRowLength);
        context.mmaStore(c02, memory, storeRow, storeColumn + 16, blockRowLength);
        context.mmaStore(c03, memory, storeRow, storeColumn + 24, blockRowLength);
        context.mmaStore(c04, memory, storeRow, storeColumn + 32, blockRowLength);
        context.mmaStore(c05, memory, storeRow, storeColumn + 40, blockRowLength);
        context.mmaStore(c06, memory, storeRow, storeColumn + 48, blockRowLength);
        context.mmaStore(c07, memory, storeRow, storeColumn + 56, blockRowLength);
        context.mmaStore(c10, memory, storeRow + 16, storeColumn, blockRowLength);
        context.mmaStore(c11, memory, storeRow + 16, storeColumn + 8, blockRowLength);
        context.mmaStore(c12, memory, storeRow + 16, storeColumn + 16, blockRowLength);
        context.mmaStore(c13, memory, storeRow + 16, storeColumn + 24, blockRowLength);
        context.mmaStore(c14, memory, storeRow + 16, storeColumn + 32, blockRowLength);
        context.mmaStore(c15, memory, storeRow + 16, storeColumn + 40, blockRowLength);
        context.mmaStore(c16, memory, storeRow + 16, storeColumn + 48, blockRowLength);
        context.mmaStore(c17, memory, storeRow + 16, storeColumn + 56, blockRowLength);
        context.localBarrier();
        BlockResult.ffStore(context, memory, sizes, blockRow, blockColumn);
    }

    // The conversions stand alone in conditions: see PackKernels.

    /** Two neighbouring columns of X, of which some are left. */
    private static int ffPair(float first, float second, int left) {
        int low = 0;
        int high = 0;
        if (left > 0) {
            low = BFloat16.bf16FromFloat(first);
        }
        if (left > 1) {
            high = BFloat16.bf16FromFloat(second);
        }
        return (low & 0xFFFF) | (high << 16);
    }

    /** Weights of an input, if it is among those that are left. */
    private static int ffKept(int pair, int left) {
        int result = 0;
        if (left > 0) {
            result = pair;
        }
        return result;
    }
}
