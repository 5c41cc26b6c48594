package io.fastforward.plugin;

import io.fastforward.spi.backend.DeviceObject;
import io.fastforward.spi.backend.LinearAlgebra;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import org.jspecify.annotations.Nullable;

/**
 * A backend, something that it handed out, or linear algebra, whose calls are watched. One class does it for all of
 * them: written out, it would be forty methods that do nothing but call another one. A call costs a fraction of a
 * microsecond, and there are some for each module of a batch.
 */
final class CheckedDevice implements InvocationHandler {

    private final CalledPlugin called;
    private final Object target;

    private CheckedDevice(CalledPlugin called, Object target) {
        this.called = called;
        this.target = target;
    }

    /** Something of a backend's, watched. */
    static <T> T of(CalledPlugin called, Class<T> type, Object target) {
        return type.cast(Proxy.newProxyInstance(
                CheckedDevice.class.getClassLoader(), new Class<?>[] {type}, new CheckedDevice(called, target)));
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // two of them are never equal, as their targets
    public @Nullable Object invoke(Object proxy, Method method, Object @Nullable [] arguments) throws Throwable {
        if (method.getDeclaringClass() == Object.class) {
            return switch (method.getName()) {
                case "equals" -> arguments != null && proxy == arguments[0];
                case "hashCode" -> System.identityHashCode(proxy);
                default -> called.toString();
            };
        }
        String doing = "computing (" + method.getName() + ")";
        Object result;
        try {
            result = method.invoke(target, own(arguments));
        } catch (InvocationTargetException e) {
            throw thrown(doing, e.getCause() == null ? e : e.getCause());
        } catch (LinkageError e) { // it was built against another contract
            throw called.failed(doing, e);
        } finally {
            if (called.external()) { // ours leaves none, and what interrupts the engine's threads is for them
                CalledPlugin.clearInterrupt();
            }
        }
        if (method.getReturnType() == void.class) {
            return null;
        }
        Object given = called.requireGiven(doing, result);
        return DeviceObject.class.isAssignableFrom(method.getReturnType())
                ? of(called, method.getReturnType(), given)
                : given;
    }

    private Throwable thrown(String doing, Throwable thrown) {
        boolean callersFault = target instanceof LinearAlgebra && thrown instanceof IllegalArgumentException;
        return callersFault || thrown instanceof OutOfMemoryError ? thrown : called.thrown(doing, thrown);
    }

    /** The arguments as the backend knows them. */
    private static Object @Nullable [] own(Object @Nullable [] arguments) {
        if (arguments == null) {
            return null;
        }
        Object[] own = arguments.clone();
        for (int i = 0; i < own.length; i++) {
            if (own[i] != null
                    && Proxy.isProxyClass(own[i].getClass())
                    && Proxy.getInvocationHandler(own[i]) instanceof CheckedDevice checked) {
                own[i] = checked.target;
            }
        }
        return own;
    }
}
