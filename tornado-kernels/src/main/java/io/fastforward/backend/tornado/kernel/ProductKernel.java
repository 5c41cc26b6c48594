package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * C = A · B, or C += A · B, plus a bias for each column. A work-item computes 4 × 4 elements in registers: four rows,
 * and four columns that are {@value #LANES} apart, so that neighbouring work-items read neighbouring elements of B.
 */
public final class ProductKernel {

    /** Work-items side by side. */
    static final int LANES = 16;

    /** Rows, and columns, of one work-item. */
    static final int BLOCK = 4;

    private ProductKernel() {}

    /**
     * The arguments.
     *
     * @param rows of A and C
     * @param columns of B and C
     * @param inner columns of A, rows of B
     * @param a start of A
     * @param aRow elements from one row of A to the next
     * @param aColumn elements from one column of A to the next
     * @param b start of B, whose columns lie side by side
     * @param bRow elements from one row of B to the next
     * @param c start of C
     * @param cRow elements from one row of C to the next
     * @param cColumn elements from one column of C to the next
     * @param bias start of the bias, or -1
     * @param add whether the product is added to what is in C
     * @param lower whether blocks strictly above the diagonal may be left as they are
     */
    public record Sizes(
            int rows,
            int columns,
            int inner,
            int a,
            int aRow,
            int aColumn,
            int b,
            int bRow,
            int c,
            int cRow,
            int cColumn,
            int bias,
            boolean add,
            boolean lower) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.PRODUCT,
                (long) Math.ceilDiv(sizes.columns, LANES * BLOCK) * LANES,
                Math.ceilDiv(sizes.rows, BLOCK),
                sizes.rows,
                sizes.columns,
                sizes.inner,
                sizes.a,
                sizes.aRow,
                sizes.aColumn,
                sizes.b,
                sizes.bRow,
                sizes.c,
                sizes.cRow,
                sizes.cColumn,
                sizes.bias,
                sizes.add ? 1 : 0,
                sizes.lower ? 1 : 0);
    }

    public static void ffProduct(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int rows = sizes.get(0);
        int columns = sizes.get(1);
        int inner = sizes.get(2);
        int aRow = sizes.get(4);
        int aColumn = sizes.get(5);
        int bRow = sizes.get(7);
        int lane = context.globalIdx % LANES;
        int column = (context.globalIdx / LANES) * (LANES * BLOCK) + lane;
        int row = context.globalIdy * BLOCK;
        int skipped = sizes.get(13) * (column - lane - (row + BLOCK - 1)); // > 0: the whole block is above the diagonal
        if (row < rows && column < columns && skipped <= 0) {
            int lastRow = rows - 1;
            int lastColumn = columns - 1;
            int a0 = sizes.get(3) + row * aRow;
            int a1 = sizes.get(3) + Math.min(row + 1, lastRow) * aRow;
            int a2 = sizes.get(3) + Math.min(row + 2, lastRow) * aRow;
            int a3 = sizes.get(3) + Math.min(row + 3, lastRow) * aRow;
            int b0 = sizes.get(6) + column;
            int b1 = sizes.get(6) + Math.min(column + LANES, lastColumn);
            int b2 = sizes.get(6) + Math.min(column + 2 * LANES, lastColumn);
            int b3 = sizes.get(6) + Math.min(column + 3 * LANES, lastColumn);
            float c00 = 0f;
            float c01 = 0f;
            float c02 = 0f;
            float c03 = 0f;
            float c10 = 0f;
            float c11 = 0f;
            float c12 = 0f;
            float c13 = 0f;
            float c20 = 0f;
            float c21 = 0f;
            float c22 = 0f;
            float c23 = 0f;
            float c30 = 0f;
            float c31 = 0f;
            float c32 = 0f;
            float c33 = 0f;
            for (int k = 0; k < inner; k++) {
                int aStep = k * aColumn;
                int bStep = k * bRow;
                float x0 = memory.get(a0 + aStep);
                float x1 = memory.get(a1 + aStep);
                float x2 = memory.get(a2 + aStep);
                float x3 = memory.get(a3 + aStep);
                float w0 = memory.get(b0 + bStep);
                float w1 = memory.get(b1 + bStep);
                float w2 = memory.get(b2 + bStep);
                float w3 = memory.get(b3 + bStep);
                c00 += x0 * w0;
                c01 += x0 * w1;
                c02 += x0 * w2;
                c03 += x0 * w3;
                c10 += x1 * w0;
                c11 += x1 * w1;
                c12 += x1 * w2;
                c13 += x1 * w3;
                c20 += x2 * w0;
                c21 += x2 * w1;
                c22 += x2 * w2;
                c23 += x2 * w3;
                c30 += x3 * w0;
                c31 += x3 * w1;
                c32 += x3 * w2;
                c33 += x3 * w3;
            }
            ffStore(memory, sizes, row, column, c00);
            ffStore(memory, sizes, row, column + LANES, c01);
            ffStore(memory, sizes, row, column + 2 * LANES, c02);
            ffStore(memory, sizes, row, column + 3 * LANES, c03);
            ffStore(memory, sizes, row + 1, column, c10);
            ffStore(memory, sizes, row + 1, column + LANES, c11);
            ffStore(memory, sizes, row + 1, column + 2 * LANES, c12);
            ffStore(memory, sizes, row + 1, column + 3 * LANES, c13);
            ffStore(memory, sizes, row + 2, column, c20);
            ffStore(memory, sizes, row + 2, column + LANES, c21);
            ffStore(memory, sizes, row + 2, column + 2 * LANES, c22);
            ffStore(memory, sizes, row + 2, column + 3 * LANES, c23);
            ffStore(memory, sizes, row + 3, column, c30);
            ffStore(memory, sizes, row + 3, column + LANES, c31);
            ffStore(memory, sizes, row + 3, column + 2 * LANES, c32);
            ffStore(memory, sizes, row + 3, column + 3 * LANES, c33);
        }
    }

    private static void ffStore(FloatArray memory, IntArray sizes, int row, int column, float product) {
        if (row < sizes.get(0) && column < sizes.get(1)) {
            int target = sizes.get(8) + row * sizes.get(9) + column * sizes.get(10);
            float value = product;
            if (sizes.get(11) >= 0) {
                value += memory.get(sizes.get(11) + column);
            }
            if (sizes.get(12) != 0) {
                value += memory.get(target);
            }
            memory.set(target, value);
        }
    }
}
