package io.fastforward.backend.cpu;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testkit.ComputeBackendContract;

class PlainJavaBackendTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new PlainJavaBackendProvider();
    }
}
