package io.fastforward.backend.cpu.reference;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testkit.ComputeBackendContract;

class ReferenceBackendTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new ReferenceBackendProvider();
    }
}
