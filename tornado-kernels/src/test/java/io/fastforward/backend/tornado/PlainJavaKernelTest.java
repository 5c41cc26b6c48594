package io.fastforward.backend.tornado;

/** The kernels in plain Java: what they compute, without any compiler or driver. */
class PlainJavaKernelTest extends KernelContracts {

    @Override
    KernelExecutor open() {
        return new JavaExecutor();
    }
}
