package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Turns heads by the angles of their positions, in place. One work-item for each row and pair of dimensions;
 * neighbours turn neighbouring pairs. */
public final class RotaryKernel {

    private RotaryKernel() {}

    /**
     * The arguments.
     *
     * @param rows tokens of all sequences
     * @param length tokens of a sequence
     * @param firstPosition position of the first token of every sequence
     * @param pairs pairs of dimensions of a head that turn
     * @param x start of the heads
     * @param xRow elements from one token to the next; its dimensions lie side by side
     * @param table start of the cosines and sines: for each position all cosines, then all sines
     */
    public record Sizes(
            int rows, int heads, int headSize, int length, int firstPosition, int pairs, int x, int xRow, int table) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.ROTARY,
                (long) sizes.heads * sizes.pairs,
                sizes.rows,
                sizes.rows,
                sizes.headSize,
                sizes.length,
                sizes.firstPosition,
                sizes.pairs,
                sizes.x,
                sizes.xRow,
                sizes.table,
                sizes.heads);
    }

    public static void ffRotate(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int row = context.globalIdy;
        int pairs = sizes.get(4);
        int head = context.globalIdx / pairs;
        int pair = context.globalIdx % pairs;
        if (row < sizes.get(0) && head < sizes.get(8)) {
            int position = sizes.get(3) + row % sizes.get(2);
            int angle = sizes.get(7) + 2 * pairs * position + pair;
            float cosine = memory.get(angle);
            float sine = memory.get(angle + pairs);
            int first = sizes.get(5) + row * sizes.get(6) + head * sizes.get(1) + pair;
            int second = first + pairs;
            float a = memory.get(first);
            float b = memory.get(second);
            memory.set(first, a * cosine - b * sine);
            memory.set(second, b * cosine + a * sine);
        }
    }
}
