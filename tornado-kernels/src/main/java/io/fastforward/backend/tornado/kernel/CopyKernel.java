package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Copies a matrix within the device's memory, between any two layouts, or adds it, or fills one with zeros. */
public final class CopyKernel {

    private CopyKernel() {}

    /**
     * The arguments.
     *
     * @param x start of the source, or -1: zeros
     * @param y start of the target
     * @param bias start of what is added to each column, or -1
     * @param add whether it is added to what is in the target
     */
    public record Sizes(
            int rows, int columns, int x, int xRow, int xColumn, int y, int yRow, int yColumn, int bias, boolean add) {

        /** A copy. */
        public Sizes(int rows, int columns, int x, int xRow, int xColumn, int y, int yRow, int yColumn) {
            this(rows, columns, x, xRow, xColumn, y, yRow, yColumn, -1, false);
        }
    }

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.COPY,
                sizes.columns,
                sizes.rows,
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.xColumn,
                sizes.y,
                sizes.yRow,
                sizes.yColumn,
                sizes.bias,
                sizes.add ? 1 : 0);
    }

    public static void ffCopy(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int column = context.globalIdx;
        int row = context.globalIdy;
        if (row < sizes.get(0) && column < sizes.get(1)) {
            float value = 0f;
            if (sizes.get(2) >= 0) {
                value = memory.get(sizes.get(2) + row * sizes.get(3) + column * sizes.get(4));
            }
            if (sizes.get(8) >= 0) {
                value += memory.get(sizes.get(8) + column);
            }
            int target = sizes.get(5) + row * sizes.get(6) + column * sizes.get(7);
            if (sizes.get(9) != 0) {
                value += memory.get(target);
            }
            memory.set(target, value);
        }
    }
}
