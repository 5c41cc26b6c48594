package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.kernel.KernelContracts;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.backend.Precision;
import org.junit.jupiter.api.condition.EnabledIf;

/** The kernels on a device of a TornadoVM SDK: profile tornadovm. */
@EnabledIf("io.fastforward.backend.tornado.SdkProvider#isPresent")
class SdkKernelTest extends KernelContracts {

    @Override
    protected KernelExecutor open() {
        return DeviceCatalog.program(SdkProvider.device(), Precision.SINGLE);
    }
}
