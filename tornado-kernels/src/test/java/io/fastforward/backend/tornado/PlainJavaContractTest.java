package io.fastforward.backend.tornado;

import io.fastforward.spi.Availability;
import io.fastforward.spi.ComputeBackend;
import io.fastforward.spi.ComputeBackendContract;

/** The contract with the kernels in plain Java: what they compute, without any compiler or driver. */
class PlainJavaContractTest extends ComputeBackendContract {

    @Override
    protected ComputeBackend.Provider provider() {
        return new ComputeBackend.Provider() {
            @Override
            public String id() {
                return "plain-java";
            }

            @Override
            public String description() {
                return "kernels in plain Java";
            }

            @Override
            public int priority() {
                return 0;
            }

            @Override
            public Availability probe() {
                return Availability.ready("always");
            }

            @Override
            public ComputeBackend open(int threads) {
                return new TornadoBackend(new JavaExecutor());
            }
        };
    }
}
