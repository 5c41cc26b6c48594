package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.backend.tornado.kernel.WeightPackingContract;
import io.fastforward.spi.backend.Precision;
import org.junit.jupiter.api.condition.EnabledIf;

/** Weights packed on a device of a TornadoVM SDK, which need not have tensor cores: profile tornadovm. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class SdkWeightPackingTest extends WeightPackingContract {

    @Override
    protected KernelExecutor open() {
        return DeviceCatalog.program(SdkProvider.device(), Precision.BFLOAT16);
    }
}
