package io.fastforward.backend.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Sums, or sums of squares, over the rows of a matrix. One work-item for each column. */
final class ColumnSumKernel {

    private ColumnSumKernel() {}

    /**
     * The arguments.
     *
     * @param x start of the matrix
     * @param xRow elements from one row to the next
     * @param y start of the sums
     */
    record Sizes(boolean squares, int rows, int columns, int x, int xRow, int y) {}

    static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.COLUMN_SUM,
                sizes.columns,
                1,
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.y,
                sizes.squares ? 1 : 0);
    }

    static void ffColumnSum(KernelContext context, FloatArray memory, IntArray sizes) {
        sizes.set(KernelExecutor.DONE, 1);
        int column = context.globalIdx;
        if (column < sizes.get(1)) {
            int rows = sizes.get(0);
            int x = sizes.get(2) + column;
            int xRow = sizes.get(3);
            int squares = sizes.get(5);
            float sum = 0f;
            // One loop: of two loops in the branches of a condition, the sum of one was lost on the way to OpenCL.
            for (int row = 0; row < rows; row++) {
                float value = memory.get(x + row * xRow);
                float factor = 1f;
                if (squares != 0) {
                    factor = value;
                }
                sum += value * factor;
            }
            memory.set(sizes.get(4) + column, sum);
        }
    }
}
