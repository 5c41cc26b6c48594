package io.fastforward.backend.cpu;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
import io.fastforward.testkit.ComputeBackendContract;
import org.junit.jupiter.api.BeforeAll;

class CpuBfloat16Test extends ComputeBackendContract {

    @BeforeAll
    static void onlyWhereItServes() {
        PrecisionSupport support = Bfloat16Trial.support();
        assumeTrue(support.available(), support.message());
    }

    @Override
    protected ComputeBackend.Provider provider() {
        return new CpuBackendProvider();
    }

    @Override
    protected Precision precision() {
        return Precision.BFLOAT16;
    }
}
