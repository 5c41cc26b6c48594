package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Sums over the rows of a matrix, of its elements, their squares or their magnitudes. One work-item for each column and
 * each block of rows.
 */
public final class ColumnSumKernel {

    private ColumnSumKernel() {}

    /** What is summed up. */
    public enum Term {
        VALUE,
        SQUARE,
        MAGNITUDE
    }

    /**
     * The arguments.
     *
     * @param blockRows rows of a block; the last one may have fewer
     * @param x start of the matrix
     * @param xRow elements from one row to the next
     * @param y start of the sums, {@code blocks × columns}
     */
    public record Sizes(Term term, int rows, int blockRows, int columns, int x, int xRow, int y) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.COLUMN_SUM,
                sizes.columns,
                Math.ceilDiv(sizes.rows, sizes.blockRows),
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.y,
                sizes.blockRows,
                sizes.term == Term.SQUARE ? 1 : 0,
                sizes.term == Term.MAGNITUDE ? 1 : 0);
    }

    public static void ffColumnSum(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int column = context.globalIdx;
        int first = context.globalIdy * sizes.get(5);
        if (column < sizes.get(1) && first < sizes.get(0)) {
            int end = Math.min(first + sizes.get(5), sizes.get(0));
            int x = sizes.get(2) + column;
            int xRow = sizes.get(3);
            int squares = sizes.get(6);
            int magnitudes = sizes.get(7);
            float sum = 0f;
            // One loop: of two loops in the branches of a condition, the sum of one was lost on the way to OpenCL.
            for (int row = first; row < end; row++) {
                float value = memory.get(x + row * xRow);
                float factor = 1f;
                if (squares != 0) {
                    factor = value;
                }
                if (magnitudes != 0 && value < 0f) {
                    factor = -1f;
                }
                sum += value * factor;
            }
            memory.set(sizes.get(4) + context.globalIdy * sizes.get(1) + column, sum);
        }
    }
}
