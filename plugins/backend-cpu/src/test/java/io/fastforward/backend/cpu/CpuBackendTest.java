package io.fastforward.backend.cpu;

import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.ComputeBackendContract;

class CpuBackendTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new CpuBackendProvider();
    }
}
