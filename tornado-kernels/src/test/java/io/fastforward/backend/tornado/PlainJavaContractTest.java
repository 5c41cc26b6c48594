package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testkit.ComputeBackendContract;

/** The contract with the kernels in plain Java: what they compute, without any compiler or driver. */
class PlainJavaContractTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new PlainJavaProvider(false);
    }
}
