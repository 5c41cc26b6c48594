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

/** How long the kernels of a device take, by name. Every launch waits for its end, so the time of a call is all of it. */
final class KernelTimes {

    private final Map<String, Long> nanoseconds = new ConcurrentSkipListMap<>();

    /** The same device, whose calls are timed. */
    KernelExecutor around(KernelExecutor device) {
        return (KernelExecutor) Proxy.newProxyInstance(
                KernelExecutor.class.getClassLoader(),
                new Class<?>[] {KernelExecutor.class},
                (proxy, method, arguments) -> {
                    long begin = System.nanoTime();
                    try {
                        return method.invoke(device, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (arguments != null) {
                            nanoseconds.merge(name(method, arguments), System.nanoTime() - begin, Long::sum);
                        }
                    }
                });
    }

    private static String name(Method method, Object[] arguments) {
        return arguments[0] instanceof Kernel kernel ? kernel.name().toLowerCase(Locale.ROOT) : method.getName();
    }

    /** Forgets what was timed so far. */
    void reset() {
        nanoseconds.clear();
    }

    /** A JSON object of seconds. */
    String toJson() {
        return nanoseconds.entrySet().stream()
                .map(entry -> String.format(Locale.ROOT, "\"%s\": %.4f", entry.getKey(), entry.getValue() * 1e-9))
                .collect(Collectors.joining(", ", "{", "}"));
    }
}
