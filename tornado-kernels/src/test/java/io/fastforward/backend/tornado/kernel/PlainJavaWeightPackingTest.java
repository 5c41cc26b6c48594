package io.fastforward.backend.tornado.kernel;

import io.fastforward.spi.backend.Precision;

class PlainJavaWeightPackingTest extends WeightPackingContract {

    @Override
    protected KernelExecutor open() {
        return new JavaExecutor(Precision.BFLOAT16);
    }
}
