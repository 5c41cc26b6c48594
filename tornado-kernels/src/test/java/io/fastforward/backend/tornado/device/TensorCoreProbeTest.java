package io.fastforward.backend.tornado.device;

import static org.assertj.core.api.Assertions.assertThat;

import io.fastforward.backend.tornado.kernel.JavaExecutor;
import io.fastforward.backend.tornado.kernel.Kernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import io.fastforward.spi.backend.DeviceException;
import io.fastforward.spi.backend.Precision;
import io.fastforward.spi.backend.PrecisionSupport;
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

    private static final TensorCoreProbe.Trial SIZE = new TensorCoreProbe.Trial(128, 64, 64);

    private static Optional<String> objection(Disturbance disturbance) {
        return TensorCoreProbe.objection(disturbed(new JavaExecutor(true), disturbance), SIZE);
    }

    /** Of a device in bfloat16 that is disturbed, and one in single precision that is not. */
    private static PrecisionSupport bfloat16(Disturbance disturbance) {
        return TensorCoreProbe.bfloat16(
                () -> disturbed(new JavaExecutor(Precision.BFLOAT16), disturbance), () -> new JavaExecutor(true), SIZE);
    }

    private static KernelExecutor disturbed(KernelExecutor device, Disturbance disturbance) {
        return (KernelExecutor) Proxy.newProxyInstance(
                KernelExecutor.class.getClassLoader(),
                new Class<?>[] {KernelExecutor.class},
                (proxy, method, arguments) -> {
                    try {
                        return disturbance.before(method, arguments) ? null : method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
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
    void bfloat16IsFasterOrNot() {
        PrecisionSupport fast = TensorCoreProbe.bfloat16(
                () -> new JavaExecutor(Precision.BFLOAT16),
                () -> disturbed(new JavaExecutor(true), (method, arguments) -> {
                    if (method.getName().equals("multiply")) {
                        Thread.sleep(1000);
                    }
                    return false;
                }),
                SIZE);
        assertThat(fast.message()).contains("times as fast as in f32");
        assertThat(fast.faster()).isTrue();
        PrecisionSupport slow = bfloat16((method, arguments) -> {
            if (method.getName().equals("multiplyPacked")) {
                Thread.sleep(1000);
            }
            return false;
        });
        assertThat(slow.available()).isTrue();
        assertThat(slow.faster()).isFalse();
    }

    @Test
    void bfloat16ServesOnlyIfItIsRight() {
        for (String left : List.of("pack", "multiplyPacked")) {
            PrecisionSupport support =
                    bfloat16((method, arguments) -> method.getName().equals(left));
            assertThat(support.available()).as(left).isFalse();
            assertThat(support.message()).contains("wrong");
        }
        assertThat(bfloat16((method, arguments) -> {
                    if (method.getName().equals("multiplyPacked")) {
                        throw new DeviceException("no mma here; use another device", null);
                    }
                    return false;
                }))
                .isEqualTo(PrecisionSupport.missing("no bfloat16 here: no mma here"));
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
