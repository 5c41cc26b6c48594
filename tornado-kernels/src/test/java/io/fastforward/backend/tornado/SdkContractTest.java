package io.fastforward.backend.tornado;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testkit.ComputeBackendContract;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract on a device of a TornadoVM SDK: profile tornadovm. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class SdkContractTest extends ComputeBackendContract {

    private static final ComputeBackend.Provider PROVIDER = new SdkProvider();

    @Override
    protected ComputeBackend.Provider provider() {
        return PROVIDER;
    }
}
