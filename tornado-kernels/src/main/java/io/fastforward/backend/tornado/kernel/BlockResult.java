package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * The end of {@link RoundedProductKernel}, with its sizes: brings what belongs to the result from a whole block in memory to
 * its place, in any layout, with the bias and what was there. Tensor cores store whole blocks only.
 */
final class BlockResult {

    private static final int BLOCK = TensorProductKernel.BLOCK;

    /** Rows, or columns, that the group takes at a time. */
    private static final int STEP = TensorProductKernel.LANES / BLOCK;

    /** Elements that a work-item reads before it stores any, as no load passes a store; more are not inlined. */
    private static final int AT_ONCE = 4;

    private BlockResult() {}

    /** Neighbours take what lies side by side in the result: the columns of a row, or the rows of a column. */
    static void ffStore(KernelContext context, FloatArray memory, IntArray sizes, int blockRow, int blockColumn) {
        int lane = context.localIdx;
        int blockRowLength = sizes.get(0) * BLOCK;
        int rowStride = sizes.get(9);
        int columnStride = sizes.get(10);
        int byRow = 0; // whether a row's columns lie side by side
        if (columnStride == 1) {
            byRow = 1;
        }
        int byColumn = 1 - byRow;
        int minor = lane % BLOCK;
        int major = lane / BLOCK;
        int row = blockRow * BLOCK + byRow * major + byColumn * minor;
        int column = blockColumn * BLOCK + byRow * minor + byColumn * major;
        int rowsLeft = sizes.get(1) - row;
        int columnsLeft = sizes.get(3) - column;
        int left = byRow * rowsLeft + byColumn * columnsLeft;
        if (byRow * columnsLeft + byColumn * rowsLeft <= 0) {
            left = 0;
        }
        int source = sizes.get(13) + row * blockRowLength + column;
        int sourceStep = STEP * (byRow * blockRowLength + byColumn);
        int target = sizes.get(8) + row * rowStride + column * columnStride;
        int targetStep = STEP * (byRow * rowStride + byColumn * columnStride);
        int hasBias = 0;
        int bias = 0;
        if (sizes.get(11) >= 0) {
            hasBias = 1;
            bias = sizes.get(11) + column;
        }
        int biasStep = STEP * byColumn;
        int adds = sizes.get(12);
        for (int some = 0; some < BLOCK / STEP / AT_ONCE; some++) {
            float v0 = ffValue(memory, left, source, hasBias, bias, adds, target);
            float v1 = ffValue(
                    memory, left - STEP, source + sourceStep, hasBias, bias + biasStep, adds, target + targetStep);
            float v2 = ffValue(
                    memory,
                    left - 2 * STEP,
                    source + 2 * sourceStep,
                    hasBias,
                    bias + 2 * biasStep,
                    adds,
                    target + 2 * targetStep);
            float v3 = ffValue(
                    memory,
                    left - 3 * STEP,
                    source + 3 * sourceStep,
                    hasBias,
                    bias + 3 * biasStep,
                    adds,
                    target + 3 * targetStep);
            ffSet(memory, left, target, v0);
            ffSet(memory, left - STEP, target + targetStep, v1);
            ffSet(memory, left - 2 * STEP, target + 2 * targetStep, v2);
            ffSet(memory, left - 3 * STEP, target + 3 * targetStep, v3);
            left -= AT_ONCE * STEP;
            source += AT_ONCE * sourceStep;
            target += AT_ONCE * targetStep;
            bias += AT_ONCE * biasStep;
        }
    }

    private static float ffValue(FloatArray memory, int left, int source, int hasBias, int bias, int adds, int target) {
        float value = 0f;
        if (left > 0) {
            value = memory.get(source);
            if (hasBias != 0) {
                value += memory.get(bias);
            }
            if (adds != 0) {
                value += memory.get(target);
            }
        }
        return value;
    }

    private static void ffSet(FloatArray memory, int left, int target, float value) {
        if (left > 0) {
            memory.set(target, value);
        }
    }
}
