package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testkit.ComputeBackendContract;

/** The contract with tensor cores in plain Java: what comes of splitting single precision in pieces of bfloat16. */
class TensorContractTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new PlainJavaProvider(true);
    }
}
