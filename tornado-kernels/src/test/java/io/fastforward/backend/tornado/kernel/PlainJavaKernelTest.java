package io.fastforward.backend.tornado.kernel;

/** The kernels in plain Java: what they compute, without any compiler or driver. */
class PlainJavaKernelTest extends KernelContracts {

    @Override
    protected KernelExecutor open() {
        return new JavaExecutor();
    }
}
