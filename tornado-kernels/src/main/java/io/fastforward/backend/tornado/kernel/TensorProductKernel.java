package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.MMAShape;
import uk.ac.manchester.tornado.api.types.HalfFloat;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * A product on tensor cores: C = Σ over steps of A · B, with operands as {@link PackKernels} lays them out. A group of
 * 8 warps computes a block of {@value #BLOCK} × {@value #BLOCK} elements, a warp 32 × 64 of them: 2 × 8 fragments of
 * 16 × 8. Blocks are always whole; C has room for them.
 *
 * <p>A work-item reads its part of the next tiles, all of it at once, before it computes with these: waiting for one
 * number after the other took seven times as long on an H200 (5.4 ms and 0.76 ms for 2048 × 2048 × 5632).
 */
public final class TensorProductKernel {

    /** Columns of A, rows of B, of one instruction. */
    public static final int DEPTH = 16;

    /** Pairs of columns of A in a tile. */
    public static final int PAIRS = DEPTH / 2;

    /** Columns of B in a tile. */
    public static final int TILE_OUTPUTS = 8;

    /** Pairs of columns of B in a tile. */
    static final int OUTPUT_PAIRS = TILE_OUTPUTS / 2;

    /** Ints of a tile of B: 16 × 8 numbers. */
    static final int WEIGHT_TILE = DEPTH * OUTPUT_PAIRS;

    /** Rows, and columns, of C that a group computes. */
    public static final int BLOCK = 128;

    /** Tiles along the depth between two barriers. */
    public static final int TILES = 2;

    /** Work-items of a group. */
    public static final int LANES = 256;

    private static final int WARP = 32;

    /** Ints of a block's part of A, or of B, in one tile along the depth. */
    private static final int PART = BLOCK * PAIRS;

    private static final int PART_BYTES = PART * Integer.BYTES;
    private static final int WEIGHT_TILE_BYTES = WEIGHT_TILE * Integer.BYTES;
    private static final int ROW_TILE_BYTES = 16 * PAIRS * Integer.BYTES;

    private TensorProductKernel() {}

    /**
     * The arguments.
     *
     * @param blockRows blocks of rows of C
     * @param blockColumns blocks of columns of C
     * @param tiles tiles along the depth, over all pairs of pieces: a multiple of {@value #TILES}
     * @param weightTiles those after which the tiles of B repeat: a multiple of {@value #TILES}
     * @param a start of A among the operands
     * @param b start of B among the operands
     * @param c start of C in the memory
     * @param cRow elements from one row of C to the next
     */
    public record Sizes(int blockRows, int blockColumns, int tiles, int weightTiles, int a, int b, int c, int cRow) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.multiply(
                Math.multiplyExact(sizes.blockRows, sizes.blockColumns),
                sizes.blockRows,
                sizes.blockColumns,
                sizes.tiles,
                sizes.weightTiles,
                sizes.a,
                sizes.b,
                sizes.c,
                sizes.cRow);
    }

    public static void ffTensorProduct(KernelContext context, IntArray operands, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int[] aPart = context.allocateIntLocalArray(TILES * PART);
        int[] bPart = context.allocateIntLocalArray(TILES * PART);
        int lane = context.localIdx;
        int warpRow = lane / WARP / 2;
        int warpColumn = lane / WARP % 2;
        int blockRow = context.groupIdx / sizes.get(1);
        int blockColumn = context.groupIdx % sizes.get(1);
        int tiles = sizes.get(2);
        int weightTiles = sizes.get(3);
        int aTile = sizes.get(0) * PART; // ints from one tile along the depth to the next
        int bTile = sizes.get(1) * PART;
        int a = sizes.get(4) + blockRow * PART;
        int b = sizes.get(5) + blockColumn * PART;
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
        int from = a;
        int weights = b;
        int nextA0 = operands.get(from + lane);
        int nextA1 = operands.get(from + lane + LANES);
        int nextA2 = operands.get(from + lane + 2 * LANES);
        int nextA3 = operands.get(from + lane + 3 * LANES);
        int nextA4 = operands.get(from + aTile + lane);
        int nextA5 = operands.get(from + aTile + lane + LANES);
        int nextA6 = operands.get(from + aTile + lane + 2 * LANES);
        int nextA7 = operands.get(from + aTile + lane + 3 * LANES);
        int nextB0 = operands.get(weights + lane);
        int nextB1 = operands.get(weights + lane + LANES);
        int nextB2 = operands.get(weights + lane + 2 * LANES);
        int nextB3 = operands.get(weights + lane + 3 * LANES);
        int nextB4 = operands.get(weights + bTile + lane);
        int nextB5 = operands.get(weights + bTile + lane + LANES);
        int nextB6 = operands.get(weights + bTile + lane + 2 * LANES);
        int nextB7 = operands.get(weights + bTile + lane + 3 * LANES);
        for (int tile = 0; tile < tiles; tile += TILES) {
            aPart[lane] = nextA0;
            aPart[lane + LANES] = nextA1;
            aPart[lane + 2 * LANES] = nextA2;
            aPart[lane + 3 * LANES] = nextA3;
            aPart[lane + 4 * LANES] = nextA4;
            aPart[lane + 5 * LANES] = nextA5;
            aPart[lane + 6 * LANES] = nextA6;
            aPart[lane + 7 * LANES] = nextA7;
            bPart[lane] = nextB0;
            bPart[lane + LANES] = nextB1;
            bPart[lane + 2 * LANES] = nextB2;
            bPart[lane + 3 * LANES] = nextB3;
            bPart[lane + 4 * LANES] = nextB4;
            bPart[lane + 5 * LANES] = nextB5;
            bPart[lane + 6 * LANES] = nextB6;
            bPart[lane + 7 * LANES] = nextB7;
            context.localBarrier();
            // What the next round needs is on its way while this one computes; the last round reads its own again.
            int next = Math.min(tile + TILES, tiles - TILES);
            from = a + next * aTile;
            weights = b + (next % weightTiles) * bTile;
            nextA0 = operands.get(from + lane);
            nextA1 = operands.get(from + lane + LANES);
            nextA2 = operands.get(from + lane + 2 * LANES);
            nextA3 = operands.get(from + lane + 3 * LANES);
            nextA4 = operands.get(from + aTile + lane);
            nextA5 = operands.get(from + aTile + lane + LANES);
            nextA6 = operands.get(from + aTile + lane + 2 * LANES);
            nextA7 = operands.get(from + aTile + lane + 3 * LANES);
            nextB0 = operands.get(weights + lane);
            nextB1 = operands.get(weights + lane + LANES);
            nextB2 = operands.get(weights + lane + 2 * LANES);
            nextB3 = operands.get(weights + lane + 3 * LANES);
            nextB4 = operands.get(weights + bTile + lane);
            nextB5 = operands.get(weights + bTile + lane + LANES);
            nextB6 = operands.get(weights + bTile + lane + 2 * LANES);
            nextB7 = operands.get(weights + bTile + lane + 3 * LANES);
            for (int half = 0; half < TILES; half++) {
                int rowBytes = half * PART_BYTES + warpRow * 2 * ROW_TILE_BYTES;
                int columnBytes = half * PART_BYTES + warpColumn * 8 * WEIGHT_TILE_BYTES;
                HalfFloat[] a0 = context.mmaLoadA(aPart, DEPTH, rowBytes);
                HalfFloat[] a1 = context.mmaLoadA(aPart, DEPTH, rowBytes + ROW_TILE_BYTES);
                HalfFloat[] b0 = context.mmaLoadB(bPart, DEPTH, columnBytes);
                c00 = context.mmaBF16(a0, b0, c00, MMAShape.M16N8K16);
                c10 = context.mmaBF16(a1, b0, c10, MMAShape.M16N8K16);
                HalfFloat[] b1 = context.mmaLoadB(bPart, DEPTH, columnBytes + WEIGHT_TILE_BYTES);
                c01 = context.mmaBF16(a0, b1, c01, MMAShape.M16N8K16);
                c11 = context.mmaBF16(a1, b1, c11, MMAShape.M16N8K16);
                HalfFloat[] b2 = context.mmaLoadB(bPart, DEPTH, columnBytes + 2 * WEIGHT_TILE_BYTES);
                c02 = context.mmaBF16(a0, b2, c02, MMAShape.M16N8K16);
                c12 = context.mmaBF16(a1, b2, c12, MMAShape.M16N8K16);
                HalfFloat[] b3 = context.mmaLoadB(bPart, DEPTH, columnBytes + 3 * WEIGHT_TILE_BYTES);
                c03 = context.mmaBF16(a0, b3, c03, MMAShape.M16N8K16);
                c13 = context.mmaBF16(a1, b3, c13, MMAShape.M16N8K16);
                HalfFloat[] b4 = context.mmaLoadB(bPart, DEPTH, columnBytes + 4 * WEIGHT_TILE_BYTES);
                c04 = context.mmaBF16(a0, b4, c04, MMAShape.M16N8K16);
                c14 = context.mmaBF16(a1, b4, c14, MMAShape.M16N8K16);
                HalfFloat[] b5 = context.mmaLoadB(bPart, DEPTH, columnBytes + 5 * WEIGHT_TILE_BYTES);
                c05 = context.mmaBF16(a0, b5, c05, MMAShape.M16N8K16);
                c15 = context.mmaBF16(a1, b5, c15, MMAShape.M16N8K16);
                HalfFloat[] b6 = context.mmaLoadB(bPart, DEPTH, columnBytes + 6 * WEIGHT_TILE_BYTES);
                c06 = context.mmaBF16(a0, b6, c06, MMAShape.M16N8K16);
                c16 = context.mmaBF16(a1, b6, c16, MMAShape.M16N8K16);
                HalfFloat[] b7 = context.mmaLoadB(bPart, DEPTH, columnBytes + 7 * WEIGHT_TILE_BYTES);
                c07 = context.mmaBF16(a0, b7, c07, MMAShape.M16N8K16);
                c17 = context.mmaBF16(a1, b7, c17, MMAShape.M16N8K16);
            }
            context.localBarrier();
        }
        int cRow = sizes.get(7);
        int row = blockRow * BLOCK + warpRow * 32;
        int column = sizes.get(6) + blockColumn * BLOCK + warpColumn * 64;
        context.mmaStore(c00, memory, row, column, cRow);
        context.mmaStore(c01, memory, row, column + 8, cRow);
        context.mmaStore(c02, memory, row, column + 16, cRow);
        context.mmaStore(c03, memory, row, column + 24, cRow);
        context.mmaStore(c04, memory, row, column + 32, cRow);
        context.mmaStore(c05, memory, row, column + 40, cRow);
        context.mmaStore(c06, memory, row, column + 48, cRow);
        context.mmaStore(c07, memory, row, column + 56, cRow);
        context.mmaStore(c10, memory, row + 16, column, cRow);
        context.mmaStore(c11, memory, row + 16, column + 8, cRow);
        context.mmaStore(c12, memory, row + 16, column + 16, cRow);
        context.mmaStore(c13, memory, row + 16, column + 24, cRow);
        context.mmaStore(c14, memory, row + 16, column + 32, cRow);
        context.mmaStore(c15, memory, row + 16, column + 40, cRow);
        context.mmaStore(c16, memory, row + 16, column + 48, cRow);
        context.mmaStore(c17, memory, row + 16, column + 56, cRow);
    }
}
