package io.fastforward.backend.tornado.kernel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;

/** All kernels on one device, which is opened once: that takes seconds. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class KernelContracts {

    private KernelFixture fixture;

    /** The device. */
    protected abstract KernelExecutor open();

    @BeforeAll
    final void prepare() {
        fixture = new KernelFixture(open());
    }

    @AfterAll
    final void close() {
        fixture.close();
    }

    @Nested
    final class Activation extends ActivationKernelContract {
        Activation() {
            super(fixture);
        }
    }

    @Nested
    final class Attention extends AttentionKernelContract {
        Attention() {
            super(fixture);
        }
    }

    @Nested
    final class ColumnSum extends ColumnSumKernelContract {
        ColumnSum() {
            super(fixture);
        }
    }

    @Nested
    final class Copy extends CopyKernelContract {
        Copy() {
            super(fixture);
        }
    }

    @Nested
    final class Expand extends ExpandKernelContract {
        Expand() {
            super(fixture);
        }
    }

    @Nested
    final class Likelihood extends LikelihoodKernelContract {
        Likelihood() {
            super(fixture);
        }
    }

    @Nested
    final class Normalization extends NormalizationKernelContract {
        Normalization() {
            super(fixture);
        }
    }

    @Nested
    final class Product extends ProductKernelContract {
        Product() {
            super(fixture);
        }
    }

    @Nested
    final class Rotary extends RotaryKernelContract {
        Rotary() {
            super(fixture);
        }
    }

    @Nested
    final class Transfer extends TransferKernelContract {
        Transfer() {
            super(fixture);
        }
    }
}
