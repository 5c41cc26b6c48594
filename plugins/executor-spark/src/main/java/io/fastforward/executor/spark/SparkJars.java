package io.fastforward.executor.spark;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor;
import io.fastforward.spi.search.Workload;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * The jars of a Spark distribution, and a class loader in which they stand beside this plugin and under the contract: what is
 * loaded there sees nothing of the application, and the application nothing of Spark.
 */
final class SparkJars {

    /** By name: it must not be loaded beside the provider, which does not see Spark. */
    private static final String EXECUTOR = "io.fastforward.executor.spark.SparkTrialExecutor";

    private final URLClassLoader loader;

    private SparkJars(URLClassLoader loader) {
        this.loader = loader;
    }

    /** @throws IllegalArgumentException if there are none in the distribution */
    static SparkJars of(String home) {
        List<URL> urls = new ArrayList<>(List.of(jarOf(SparkJars.class)));
        urls.addAll(find(home));
        // Open for the life of the process, as the plugin's own: Spark leaves threads behind.
        return new SparkJars(new URLClassLoader(
                "spark",
                urls.toArray(URL[]::new),
                SparkJars.class.getClassLoader().getParent()));
    }

    /**
     * The jars of a distribution.
     *
     * @throws IllegalArgumentException if there are none
     */
    static List<URL> find(String home) {
        List<URL> urls = new ArrayList<>();
        Path directory = Path.of(home, "jars");
        try (Stream<Path> files = Files.list(directory)) {
            for (Path jar : files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList()) {
                urls.add(jar.toUri().toURL());
            }
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    "option home: the folder '" + directory + "' cannot be read; give the directory of a Spark"
                            + " distribution",
                    e);
        }
        if (urls.stream().noneMatch(url -> url.getPath().contains("/spark-core_"))) {
            throw new IllegalArgumentException("option home: there is no spark-core in '" + directory + "'");
        }
        return urls;
    }

    /** The jar that a class is from. */
    static URL jarOf(Class<?> type) {
        return type.getProtectionDomain().getCodeSource().getLocation();
    }

    /**
     * An executor that runs with these jars.
     *
     * @param settings of Spark
     * @param executors how many of them to wait for; 0: those that come soon
     * @param cores of each
     * @param memoryBytes that each may plan with; 0: what its process may use
     */
    TrialExecutor executor(
            TrialExecutor.SearchProcess search,
            Workload workload,
            Map<String, String> settings,
            int executors,
            int cores,
            long memoryBytes) {
        settings.put("spark.jars", path(jarOf(SparkJars.class)) + "," + path(jarOf(TrialExecutor.class)));
        return within(() -> {
            TrialExecutor created = TrialExecutor.class.cast(loader.loadClass(EXECUTOR)
                    .getConstructor(
                            TrialExecutor.SearchProcess.class,
                            Workload.class,
                            Map.class,
                            int.class,
                            int.class,
                            long.class)
                    .newInstance(search, workload, settings, executors, cores, memoryBytes));
            return new Inside(created);
        });
    }

    private static String path(URL jar) {
        try {
            return Path.of(jar.toURI()).toString();
        } catch (URISyntaxException e) {
            throw new IllegalStateException("the place of " + jar + " cannot be told", e);
        }
    }

    /** Something that Spark does. */
    @FunctionalInterface
    private interface Work<T> {
        T get() throws ReflectiveOperationException;
    }

    /** Spark finds classes by the class loader of the thread. */
    private <T> T within(Work<T> work) {
        Thread thread = Thread.currentThread();
        ClassLoader before = thread.getContextClassLoader();
        thread.setContextClassLoader(loader);
        try {
            return work.get();
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(String.valueOf(e.getCause()), e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the Spark executor cannot be loaded: " + e, e);
        } finally {
            thread.setContextClassLoader(before);
        }
    }

    private final class Inside implements TrialExecutor {

        private final TrialExecutor executor;

        Inside(TrialExecutor executor) {
            this.executor = executor;
        }

        @Override
        public List<Result> execute(TrialBatch batch) {
            return within(() -> executor.execute(batch));
        }

        @Override
        public void close() {
            within(() -> {
                executor.close();
                return true;
            });
        }
    }
}
