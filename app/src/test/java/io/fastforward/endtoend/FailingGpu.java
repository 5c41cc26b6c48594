package io.fastforward.endtoend;

import io.fastforward.spi.backend.ComputeBackend;
import io.fastforward.testing.PluginJar;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * A plugin whose GPU computes with the CPU backend without native code until it fails in the middle of its work,
 * and then does nothing any more.
 */
final class FailingGpu {

    static final String ID = "opencl:0";

    /** What a manifest calls it. */
    static final String NAME = "a GPU that fails";

    /** A device of the same plugin that computes the same and does not fail: the next one, where it is there. */
    static final String TWIN = "opencl:1";

    private static final Path APPLICATION = Path.of("target", "fastforward.jar");
    private static final String CPU_BACKEND = "io/fastforward/backend/cpu/";
    private static final String PROVIDER = "io.fastforward.backend.cpu.PlainJavaBackendProvider";

    private static final String SOURCE = """
            import io.fastforward.backend.cpu.PlainJavaBackendProvider;
            import io.fastforward.spi.backend.Availability;
            import io.fastforward.spi.backend.ComputeBackend;
            import io.fastforward.spi.backend.Device;
            import io.fastforward.spi.backend.DeviceException;
            import java.lang.reflect.InvocationHandler;
            import java.lang.reflect.InvocationTargetException;
            import java.lang.reflect.Method;
            import java.lang.reflect.Proxy;
            import java.util.List;

            public final class FailingGpuProvider implements ComputeBackend.Provider {

                public String id() {
                    return "failing";
                }

                public String description() {
                    return "fails";
                }

                public int priority() {
                    return 1000;
                }

                public Availability probe() {
                    return Availability.ready("fails later");
                }

                public List<Device> devices() {
                    return List.of(DEVICES);
                }

                public ComputeBackend open(int threads) {
                    return open("opencl:0", threads);
                }

                public ComputeBackend open(String device, int threads) {
                    ComputeBackend computing = new PlainJavaBackendProvider().open(threads);
                    if (device.equals("opencl:1")) {
                        return computing;
                    }
                    return (ComputeBackend) Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {ComputeBackend.class},
                            new Failing(computing));
                }

                private static final class Failing implements InvocationHandler {

                    private final ComputeBackend computing;
                    private int evaluated;

                    Failing(ComputeBackend computing) {
                        this.computing = computing;
                    }

                    public Object invoke(Object proxy, Method method, Object[] arguments) throws Throwable {
                        if (method.getName().equals("device")) {
                            return "a GPU that fails";
                        }
                        if (method.getName().equals("logLikelihood")) {
                            evaluated++;
                        }
                        if (evaluated > EVALUATIONS && !method.getName().equals("close")) {
                            throw FAILURE;
                        }
                        try {
                            return method.invoke(computing, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    }
                }
            }
            """;

    private final List<String> devices;
    private final String failure;

    private FailingGpu(List<String> devices, String failure) {
        this.devices = devices;
        this.failure = failure;
    }

    /** The device is lost. */
    static FailingGpu lost(String message) {
        return new FailingGpu(List.of(device(ID, "true")), "new DeviceException(\"" + message + "\", null)");
    }

    /** The device has no room. */
    static FailingGpu full(String message) {
        return new FailingGpu(List.of(device(ID, "true")), "new OutOfMemoryError(\"" + message + "\")");
    }

    FailingGpu withTwin() {
        return new FailingGpu(List.of(device(ID, "true"), device(TWIN, "false")), failure);
    }

    /**
     * Writes the plugin.
     *
     * @param evaluations how often it evaluates a batch of texts before it fails
     * @param plugins a new directory for it
     */
    Path after(int evaluations, Path plugins) throws IOException {
        PluginJar jar = new PluginJar()
                .service(ComputeBackend.Provider.class, "FailingGpuProvider")
                .compiled("FailingGpuProvider", source(evaluations), provider());
        addBackend(jar);
        jar.write(Files.createDirectory(plugins).resolve("failing-gpu.jar"));
        return plugins;
    }

    /** Writes a plugin whose GPU never computes anything. */
    Path atOnce(Path plugins) throws IOException {
        return after(-1, plugins);
    }

    private String source(int evaluations) {
        return SOURCE.replace("DEVICES", String.join(", ", devices))
                .replace("EVALUATIONS", String.valueOf(evaluations))
                .replace("FAILURE", failure);
    }

    private static String device(String id, String gpu) {
        return "new Device(\"" + id + "\", \"" + id + "\", \"opencl\", 0, " + gpu + ", true)";
    }

    private static Class<?> provider() {
        try {
            return Class.forName(PROVIDER);
        } catch (ClassNotFoundException e) {
            throw new AssertionError(e);
        }
    }

    /** A plugin does not see the classes of another one, so it brings a copy; OpenBLAS itself is left out. */
    private static void addBackend(PluginJar plugin) throws IOException {
        try (JarFile application = new JarFile(APPLICATION.toFile())) {
            for (JarEntry entry : application.stream()
                    .filter(one -> one.getName().startsWith(CPU_BACKEND) && !one.isDirectory())
                    .toList()) {
                plugin.entry(entry.getName(), application.getInputStream(entry).readAllBytes());
            }
        }
    }
}
