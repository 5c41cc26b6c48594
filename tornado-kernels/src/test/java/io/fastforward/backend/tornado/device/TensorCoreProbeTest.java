package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.backend.tornado.kernel.Kernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.backend.DeviceException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Tensor cores serve only if they are right and fast. */
class TensorCoreProbeTest {

    /** Done before a call of the device. */
    @FunctionalInterface
    private interface Disturbance {
        /** Whether the call is left out. */
        boolean before(Method method, Object[] arguments) throws InterruptedException;
    }

    private static Optional<String> objection(Disturbance disturbance) {
        var device = new JavaExecutor(true);
        KernelExecutor disturbed = (KernelExecutor) Proxy.newProxyInstance(
                KernelExecutor.class.getClassLoader(),
                new Class<?>[] {KernelExecutor.class},
                (proxy, method, arguments) -> {
                    try {
                        return disturbance.before(method, arguments) ? null : method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
        return TensorCoreProbe.objection(disturbed, 128, 64, 64);
    }

    @Test
    void whatIsRightButSlowDoesNotServe() {
        assertThat(objection((method, arguments) -> {
                    if (method.getName().equals("multiply")) {
                        Thread.sleep(500);
                    }
                    return false;
                }))
                .contains("they are not faster");
    }

    @Test
    void theyServeWhereThePlainKernelIsSlower() {
        assertThat(objection((method, arguments) -> {
                    if (method.getName().equals("launch") && arguments[0] == Kernel.PRODUCT) {
                        Thread.sleep(500);
                    }
                    return false;
                }))
                .isEmpty();
    }

    @Test
    void whatIsLeftOutIsNoticed() {
        for (String left : List.of("packInputs", "packWeights", "multiply")) {
            assertThat(objection((method, arguments) -> method.getName().equals(left)))
                    .as(left)
                    .contains("their products are wrong");
        }
    }

    @Test
    void aFailureIsAReason() {
        assertThat(objection((method, arguments) -> {
                    if (method.getName().equals("multiply")) {
                        throw new DeviceException("no mma here", null);
                    }
                    return false;
                }))
                .contains("no mma here");
    }
}
