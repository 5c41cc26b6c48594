package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.model.Activation;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** x = activation(x), or x = activation(x) · up, in place. One work-item for each element. */
public final class ActivationKernel {

    private ActivationKernel() {}

    /**
     * The arguments.
     *
     * @param x start of the numbers
     * @param xRow elements from one row to the next
     * @param up start of the factors, or -1
     * @param upRow elements from one row of factors to the next
     */
    public record Sizes(Activation activation, int rows, int columns, int x, int xRow, int up, int upRow) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.ACTIVATION,
                sizes.columns,
                sizes.rows,
                sizes.rows,
                sizes.columns,
                sizes.x,
                sizes.xRow,
                sizes.up,
                sizes.upRow,
                sizes.activation == Activation.SILU ? 1 : 0);
    }

    public static void ffActivate(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        int column = context.globalIdx;
        int row = context.globalIdy;
        if (row < sizes.get(0) && column < sizes.get(1)) {
            int index = sizes.get(2) + row * sizes.get(3) + column;
            float value = memory.get(index);
            if (sizes.get(6) != 0) {
                value = value / (1f + TornadoMath.exp(-value));
            } else if (value < 0f) {
                value = 0f; // and NaN stays
            }
            if (sizes.get(4) >= 0) {
                value *= memory.get(sizes.get(4) + row * sizes.get(5) + column);
            }
            memory.set(index, value);
        }
    }
}
