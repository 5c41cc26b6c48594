package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.testkit.ComputeBackendContract;

/** The contract in bfloat16 with tensor cores in plain Java. */
class Bfloat16ContractTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new PlainJavaProvider(true);
    }

    @Override
    protected Precision precision() {
        return Precision.BFLOAT16;
    }
}
