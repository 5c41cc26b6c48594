package io.fastforward.backend.tornado.kernel;

/** What a kernel has to do, checked by itself against formulas in double precision. */
abstract class KernelContract {

    private final KernelFixture fixture;

    KernelContract(KernelFixture fixture) {
        this.fixture = fixture;
    }

    final KernelFixture fixture() {
        return fixture;
    }

    final MemoryImage image() {
        return new MemoryImage(fixture);
    }
}
