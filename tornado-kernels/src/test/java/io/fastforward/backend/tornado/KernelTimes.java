package io.fastforward.backend.tornado;

import io.fastforward.backend.tornado.kernel.Kernel;
import io.fastforward.backend.tornado.kernel.KernelExecutor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.Collectors;

/**
 * How often the kernels of a device run and how long they take, by name. Every launch waits for its end, so the time of a
 * call is all of it; what the device would run as one runs apart while it is {@linkplain #apart told so}.
 */
final class KernelTimes {

    private static final String TOGETHER = "together";

    private final Map<String, Calls> calls = new ConcurrentSkipListMap<>();
    private volatile boolean apart;

    private record Calls(int count, long nanoseconds) {

        Calls plus(Calls others) {
            return new Calls(count + others.count, nanoseconds + others.nanoseconds);
        }
    }

    /** The same device, whose calls are timed. */
    KernelExecutor around(KernelExecutor device) {
        return (KernelExecutor) Proxy.newProxyInstance(
                KernelExecutor.class.getClassLoader(),
                new Class<?>[] {KernelExecutor.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals(TOGETHER) && apart) {
                        ((Runnable) arguments[0]).run();
                        return null;
                    }
                    long begin = System.nanoTime();
                    try {
                        return method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (arguments != null) {
                            calls.merge(name(method, arguments), new Calls(1, System.nanoTime() - begin), Calls::plus);
                        }
                    }
                });
    }

    private static String name(Method method, Object[] arguments) {
        return arguments[0] instanceof Kernel kernel ? kernel.name().toLowerCase(Locale.ROOT) : method.getName();
    }

    /** Whether launches that the device would run as one are run, and timed, by themselves. */
    void apart(boolean each) {
        apart = each;
    }

    /** Forgets what was timed so far. */
    void reset() {
        calls.clear();
    }

    /** A JSON object of how often each ran and for how many seconds. */
    String toJson() {
        return calls.entrySet().stream()
                .map(entry -> String.format(
                        Locale.ROOT,
                        "\"%s\": [%d, %.4f]",
                        entry.getKey(),
                        entry.getValue().count(),
                        entry.getValue().nanoseconds() * 1e-9))
                .collect(Collectors.joining(", ", "{", "}"));
    }
}
