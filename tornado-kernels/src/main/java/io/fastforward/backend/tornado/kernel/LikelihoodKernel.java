package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Takes in the logits of a panel of the vocabulary: online log-sum-exp for each row. One work-group a row. The state of
 * a row is four numbers: the greatest logit, the sum of exponentials relative to it, the target's logit, and how many
 * logits were not finite.
 */
public final class LikelihoodKernel {

    /** Work-items of a group. */
    static final int LANES = 64;

    /** Numbers of a row's state. */
    public static final int STATE = 4;

    private static final float LOWEST = -3.4028235e38f;

    private LikelihoodKernel() {}

    /**
     * The arguments.
     *
     * @param columns tokens of the panel
     * @param logits start of the panel, whose rows follow each other without gaps
     * @param firstToken the first token of the panel; 0 begins a new state
     * @param targets start of the targets, one for each row, as numbers
     * @param state start of the states
     */
    public record Sizes(int rows, int columns, int logits, int firstToken, int targets, int state) {}

    public static void launch(KernelExecutor executor, Sizes sizes) {
        executor.launch(
                Kernel.LIKELIHOOD,
                (long) sizes.rows * LANES,
                1,
                sizes.columns,
                sizes.logits,
                sizes.firstToken,
                sizes.targets,
                sizes.state);
    }

    public static void ffLikelihood(KernelContext context, FloatArray memory, IntArray sizes) {
        KernelExecutor.ffDone(context, sizes);
        float[] tile = context.allocateFloatLocalArray(LANES);
        float[] bad = context.allocateFloatLocalArray(LANES);
        int lane = context.localIdx;
        int row = context.groupIdx;
        int columns = sizes.get(0);
        int logits = sizes.get(1) + row * columns;
        int firstToken = sizes.get(2);
        int state = sizes.get(4) + row * STATE;
        float highest = LOWEST;
        float notFinite = 0f;
        for (int i = lane; i < columns; i += LANES) {
            float logit = memory.get(logits + i);
            // By a product: on the way to OpenCL, "not at most the highest number" became "above it", which NaN is not.
            if (logit * 0f == 0f) {
                highest = TornadoMath.max(highest, logit);
            } else {
                notFinite += 1f;
            }
        }
        tile[lane] = highest;
        bad[lane] = notFinite;
        context.localBarrier();
        for (int half = LANES / 2; half > 0; half >>= 1) {
            if (lane < half) {
                tile[lane] = TornadoMath.max(tile[lane], tile[lane + half]);
                bad[lane] += bad[lane + half];
            }
            context.localBarrier();
        }
        highest = tile[0];
        context.localBarrier();
        float sum = 0f;
        for (int i = lane; i < columns; i += LANES) {
            float logit = memory.get(logits + i);
            if (logit * 0f == 0f) {
                sum += TornadoMath.exp(logit - highest);
            }
        }
        tile[lane] = sum;
        context.localBarrier();
        for (int half = LANES / 2; half > 0; half >>= 1) {
            if (lane < half) {
                tile[lane] += tile[lane + half];
            }
            context.localBarrier();
        }
        if (lane == 0) {
            float maximum = LOWEST;
            float before = 0f;
            float count = 0f;
            if (firstToken > 0) {
                maximum = memory.get(state);
                before = memory.get(state + 1);
                count = memory.get(state + 3);
            }
            float greatest = TornadoMath.max(maximum, highest);
            memory.set(state, greatest);
            memory.set(
                    state + 1,
                    before * TornadoMath.exp(maximum - greatest) + tile[0] * TornadoMath.exp(highest - greatest));
            int target = (int) memory.get(sizes.get(3) + row) - firstToken;
            if (target >= 0 && target < columns) {
                memory.set(state + 2, memory.get(logits + target));
            }
            memory.set(state + 3, count + bad[0]);
        }
    }
}
