package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.tensor.DataType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Rounds rows of weights to bfloat16 as they arrive and lays them out as {@link RoundedProductKernel} reads them: tiles of
 * 16 inputs follow each other, in a tile those of 8 outputs, in these the inputs, two outputs in an int. Rounds to the
 * nearest, ties to even; NaN stays NaN. All of it is done with whole numbers, so that no device needs to know 16-bit ones.
 */
public final class WeightPackingKernel {

    private WeightPackingKernel() {}

    /**
     * The arguments. What is not among the rows and columns stays as it was.
     *
     * @param type how the rows are stored
     * @param rows outputs that arrive
     * @param columns inputs that arrive, without gaps between the rows
     * @param firstOutput of the matrix, to which the first row belongs
     * @param target start of the packed matrix
     * @param outputTiles tiles of 8 outputs of the packed matrix
     */
    public record Sizes(DataType type, int rows, int columns, int firstOutput, int target, int outputTiles) {}

    /**
     * Packs what a buffer holds.
     *
     * @param source an upload buffer, or a {@link Stage#source()}
     * @param weights the array that holds the packed matrix
     */
    public static void launch(KernelExecutor executor, int source, int weights, Sizes sizes) {
        executor.pack(
                source,
                weights,
                sizes.columns,
                (sizes.firstOutput + sizes.rows - 1) / 2 - sizes.firstOutput / 2 + 1,
                ExpandKernel.number(sizes.type),
                sizes.rows,
                sizes.columns,
                sizes.firstOutput,
                sizes.target,
                sizes.outputTiles);
    }

    /** A work-item packs two neighbouring outputs of an input, or the one of them that has arrived. */
    public static void ffPackStored(KernelContext context, IntArray source, IntArray weights, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int input = context.globalIdx;
        int firstOutput = sizes.get(3);
        int pair = firstOutput / 2 + context.globalIdy;
        int row = pair * 2 - firstOutput;
        int rows = sizes.get(1);
        int columns = sizes.get(2);
        if (input < columns && row < rows) {
            int tile = (input / TensorProductKernel.DEPTH) * sizes.get(5) + pair / TensorProductKernel.OUTPUT_PAIRS;
            int target = sizes.get(4)
                    + tile * TensorProductKernel.WEIGHT_TILE
                    + (input % TensorProductKernel.DEPTH) * TensorProductKernel.OUTPUT_PAIRS
                    + pair % TensorProductKernel.OUTPUT_PAIRS;
            int type = sizes.get(0);
            int before = weights.get(target);
            int low = before & 0xFFFF;
            int high = (before >> 16) & 0xFFFF;
            if (row >= 0) {
                low = ffRounded(source, type, row * columns + input);
            }
            if (row + 1 < rows) {
                high = ffRounded(source, type, (row + 1) * columns + input);
            }
            weights.set(target, low | (high << 16));
        }
    }

    /** The bits in bfloat16 of a stored number. */
    private static int ffRounded(IntArray source, int type, int element) {
        int bits = 0;
        if (type == ExpandKernel.F32) {
            bits = source.get(element);
        } else {
            int half = (source.get(element >> 1) >> ((element & 1) * 16)) & 0xFFFF;
            bits = half << 16;
            if (type == ExpandKernel.F16) {
                bits = ffWidened(half);
            }
        }
        int upper = (bits >> 16) & 0xFFFF;
        int rounded = ((bits + 0x7FFF + (upper & 1)) >> 16) & 0xFFFF;
        if ((bits & 0x7FFFFFFF) > 0x7F800000) {
            rounded = upper | 0x40;
        }
        return rounded;
    }

    /** The bits in single precision of a number in half precision. */
    private static int ffWidened(int half) {
        int sign = (half & 0x8000) << 16;
        int exponent = (half >> 10) & 0x1F;
        int mantissa = half & 0x3FF;
        int bits = sign | ((exponent + 112) << 23) | (mantissa << 13);
        if (exponent == 31) {
            bits = sign | 0x7F800000 | (mantissa << 13);
        }
        if (exponent == 0) {
            // Below the normal numbers: moved up until its first digit stands before the point.
            int moved = mantissa;
            int power = 113;
            for (int i = 0; i < 10; i++) {
                if ((moved & 0x400) == 0) {
                    moved = moved << 1;
                    power = power - 1;
                }
            }
            bits = sign;
            if (mantissa != 0) {
                bits = sign | (power << 23) | ((moved & 0x3FF) << 13);
            }
        }
        return bits;
    }
}
