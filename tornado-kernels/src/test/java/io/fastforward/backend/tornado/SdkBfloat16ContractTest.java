package io.fastforward.backend.tornado;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.testkit.ComputeBackendContract;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.condition.EnabledIf;

/** The contract in bfloat16 on a device of a TornadoVM SDK that has tensor cores: profile tornadovm. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class SdkBfloat16ContractTest extends ComputeBackendContract {

    private static final ComputeBackend.Provider PROVIDER = new SdkProvider();

    @BeforeAll
    static void onlyWhereItServes() {
        PrecisionSupport support = PROVIDER.support(SdkProvider.device(), Precision.BFLOAT16);
        assumeTrue(support.available(), support.message());
    }

    @Override
    protected ComputeBackend.Provider provider() {
        return PROVIDER;
    }

    @Override
    protected Precision precision() {
        return Precision.BFLOAT16;
    }
}
