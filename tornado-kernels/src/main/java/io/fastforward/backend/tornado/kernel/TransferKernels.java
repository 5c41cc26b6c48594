package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Between the arrays that travel to and from the device and those that stay there. */
public final class TransferKernels {

    private TransferKernels() {}

    /** Claims memory on the device: a kernel has to write to an array for it to be there, and once is enough. */
    public static void ffClaimMemory(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        if (context.globalIdx < sizes.get(0)) {
            memory.set(context.globalIdx, 0f);
        }
    }

    /** The same for weights. */
    public static void ffClaimWeights(KernelContext context, IntArray weights, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        if (context.globalIdx < sizes.get(0)) {
            weights.set(context.globalIdx, 0);
        }
    }

    /** weights[sizes[1] ...] = stage[0 ... sizes[0]]. */
    public static void ffStoreWeights(KernelContext context, IntArray stage, IntArray weights, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int i = context.globalIdx;
        if (i < sizes.get(0)) {
            weights.set(sizes.get(1) + i, stage.get(i));
        }
    }

    /** Does nothing: what is read back after it is there when all before it is done. */
    public static void ffArrive(KernelContext context, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
    }

    /** stage = some rows and columns of a matrix: rows, columns, start, elements from one row to the next. */
    public static void ffFetch(KernelContext context, FloatArray memory, FloatArray stage, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int column = context.globalIdx;
        int row = context.globalIdy;
        if (row < sizes.get(0) && column < sizes.get(1)) {
            stage.set(row * sizes.get(1) + column, memory.get(sizes.get(2) + row * sizes.get(3) + column));
        }
    }
}
