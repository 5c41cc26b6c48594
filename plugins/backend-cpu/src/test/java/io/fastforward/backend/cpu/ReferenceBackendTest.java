package io.fastforward.backend.cpu;

import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.ComputeBackendContract;

class ReferenceBackendTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new ReferenceBackendProvider();
    }
}
