package io.fastforward.backend.tornado.kernel;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** The kernels that work within the device's memory. Each compiles once. */
public enum Kernel {
    PRODUCT(ProductKernel::ffProduct, ProductKernel.LANES, 4),
    NORMALIZATION(NormalizationKernel::ffNormalize, NormalizationKernel.LANES, 1),
    ROTARY(RotaryKernel::ffRotate, 32, 2),
    ATTENTION(AttentionKernel::ffAttend, AttentionKernel.LANES, 1),
    ACTIVATION(ActivationKernel::ffActivate, 64, 1),
    COPY(CopyKernel::ffCopy, 32, 2),
    COLUMN_SUM(ColumnSumKernel::ffColumnSum, 64, 1),
    LIKELIHOOD(LikelihoodKernel::ffLikelihood, LikelihoodKernel.LANES, 1);

    @SuppressWarnings("ImmutableEnumChecker") // references to static methods
    private final Task3<KernelContext, FloatArray, IntArray> code;

    private final int groupX;
    private final int groupY;

    Kernel(Task3<KernelContext, FloatArray, IntArray> code, int groupX, int groupY) {
        this.code = code;
        this.groupX = groupX;
        this.groupY = groupY;
    }

    /** What a work-item does, with the memory of the device and the sizes. */
    public Task3<KernelContext, FloatArray, IntArray> code() {
        return code;
    }

    /** Work-items of a group in the first dimension. */
    public int groupX() {
        return groupX;
    }

    /** Work-items of a group in the second dimension. */
    public int groupY() {
        return groupY;
    }
}
