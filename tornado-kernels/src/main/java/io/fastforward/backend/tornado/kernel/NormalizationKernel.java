package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** RMS and layer normalisation: one work-group for each row, which sums up in a tree. May work in place. */
public final class NormalizationKernel {

    /** Work-items of a group. */
    static final int LANES = 64;

    private NormalizationKernel() {}

    /**
     * The arguments.
     *
     * @param x start of the rows
     * @param xRow elements from one row to the next
     * @param y start of the result
     * @param yRow elements from one row of it to the next
     * @param weight start of the weights, after which the epsilon follows
     * @param bias start of the biases, or -1
     * @param centred whether the mean is subtracted
     */
    public record Sizes(int rows, int width, int x, int xRow, int y, int yRow, int weight, int bias, boolean centred) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.NORMALIZATION,
                (long) sizes.rows * LANES,
                1,
                sizes.width,
                sizes.x,
                sizes.xRow,
                sizes.y,
                sizes.yRow,
                sizes.weight,
                sizes.bias,
                sizes.centred ? 1 : 0);
    }

    public static void ffNormalize(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        float[] tile = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int row = context.groupIdx;
        int width = sizes.get(0);
        int x = sizes.get(1) + row * sizes.get(2);
        int y = sizes.get(3) + row * sizes.get(4);
        int weight = sizes.get(5);
        int bias = sizes.get(6);
        float mean = 0f;
        if (sizes.get(7) != 0) {
            float part = 0f;
            for (int i = lane; i < width; i += LANES) {
                part += memory.get(x + i);
            }
            tile[lane] = part;
            context.localBarrier();
            for (int half = LANES / 2; half > 0; half >>= 1) {
                if (lane < half) {
                    tile[lane] += tile[lane + half];
                }
                context.localBarrier();
            }
            mean = tile[0] / width;
            context.localBarrier();
        }
        float squares = 0f;
        for (int i = lane; i < width; i += LANES) {
            float centred = memory.get(x + i) - mean;
            squares += centred * centred;
        }
        tile[lane] = squares;
        context.localBarrier();
        for (int half = LANES / 2; half > 0; half >>= 1) {
            if (lane < half) {
                tile[lane] += tile[lane + half];
            }
            context.localBarrier();
        }
        float factor = 1f / TornadoMath.sqrt(tile[0] / width + memory.get(weight + width));
        for (int i = lane; i < width; i += LANES) {
            float value = (memory.get(x + i) - mean) * factor * memory.get(weight + i);
            if (bias >= 0) {
                value += memory.get(bias + i);
            }
            memory.set(y + i, value);
        }
    }
}
