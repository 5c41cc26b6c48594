package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.testkit.ComputeBackendContract;

class PlainJavaBfloat16Test extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new PlainJavaBackendProvider();
    }

    @Override
    protected Precision precision() {
        return Precision.BFLOAT16;
    }
}
