package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.tensor.DataType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Widens a stored matrix to single precision. The numbers lie as stored in an array of ints, two 16-bit ones in each.
 * The bits of the result are put together and stored, never computed with: no device needs to know 16-bit numbers.
 */
public final class ExpandKernel {

    static final int F32 = 0;
    static final int F16 = 1;
    static final int BF16 = 2;

    /** 2⁻²⁴, the smallest subnormal number in half precision. */
    private static final float SUBNORMAL = 5.9604645e-8f;

    private ExpandKernel() {}

    /**
     * The arguments. Neighbouring work-items make neighbouring columns.
     *
     * @param source number of the first element within the source
     * @param sourceRow elements from one row to the next
     * @param sourceColumn elements from one column to the next
     * @param target start of the result, whose columns lie side by side
     * @param targetRow elements from one row of it to the next
     */
    public record Sizes(
            DataType type,
            int rows,
            int columns,
            int source,
            int sourceRow,
            int sourceColumn,
            int target,
            int targetRow) {}

    public static void launch(KernelExecutor executor, int source, Sizes sizes) {
        executor.expand(
                source,
                sizes.columns,
                sizes.rows,
                number(sizes.type),
                sizes.rows,
                sizes.columns,
                sizes.source,
                sizes.sourceRow,
                sizes.sourceColumn,
                sizes.target,
                sizes.targetRow);
    }

    /** What stands for a data type among the sizes of a kernel. */
    static int number(DataType type) {
        return switch (type) {
            case F32 -> F32;
            case F16 -> F16;
            case BF16 -> BF16;
        };
    }

    public static void ffExpand(KernelContext context, IntArray source, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int column = context.globalIdx;
        int row = context.globalIdy;
        if (row < sizes.get(1) && column < sizes.get(2)) {
            int type = sizes.get(0);
            int element = sizes.get(3) + row * sizes.get(4) + column * sizes.get(5);
            int target = sizes.get(6) + row * sizes.get(7) + column;
            if (type == F32) {
                memory.set(target, Float.intBitsToFloat(source.get(element)));
            } else {
                int half = (source.get(element >> 1) >> ((element & 1) * 16)) & 0xFFFF;
                if (type == BF16) {
                    memory.set(target, Float.intBitsToFloat(half << 16));
                } else {
                    int sign = (half & 0x8000) << 16;
                    int exponent = (half >> 10) & 0x1F;
                    int mantissa = half & 0x3FF;
                    if (exponent == 0 && mantissa != 0) {
                        float magnitude = mantissa * SUBNORMAL;
                        if (sign != 0) {
                            magnitude = -magnitude;
                        }
                        memory.set(target, magnitude);
                    } else {
                        int bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
                        if (exponent == 0) {
                            bits = sign;
                        }
                        if (exponent == 31) {
                            bits = sign | 0x7F800000 | (mantissa << 13);
                        }
                        memory.set(target, Float.intBitsToFloat(bits));
                    }
                }
            }
        }
    }
}
