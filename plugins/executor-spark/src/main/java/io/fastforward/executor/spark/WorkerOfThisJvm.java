package io.fastforward.executor.spark;

import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import io.fastforward.spi.search.Worker;
import io.fastforward.spi.search.Workload;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The worker of a Spark executor's JVM, opened by its first task and used by the later ones. The engine has a class loader of
 * its own, under which Spark's libraries are not: of Jackson, say, each has its own version.
 */
final class WorkerOfThisJvm {

    /** Tasks have no other place in common. */
    private static final WorkerOfThisJvm INSTANCE = new WorkerOfThisJvm();

    private final ClassLoader engine = engine();
    private long opened = -1;
    private @Nullable Worker worker;

    private WorkerOfThisJvm() {}

    /**
     * Evaluates a batch, one at a time.
     *
     * @param id of the workload: another one takes the place of what is open
     * @throws RuntimeException if it cannot be evaluated here
     */
    static List<Result> evaluate(long id, Workload workload, int threads, long memoryBytes, TrialBatch batch) {
        synchronized (INSTANCE) {
            Thread thread = Thread.currentThread();
            ClassLoader before = thread.getContextClassLoader();
            thread.setContextClassLoader(INSTANCE.engine);
            try {
                return INSTANCE.open(id, workload, threads, memoryBytes).evaluate(batch);
            } finally {
                thread.setContextClassLoader(before);
            }
        }
    }

    private Worker open(long id, Workload workload, int threads, long memoryBytes) {
        Worker open = worker;
        if (open != null && opened == id) {
            return open;
        }
        if (open != null) {
            worker = null;
            open.close();
        }
        Optional<Worker.Opener> opener =
                ServiceLoader.load(Worker.Opener.class, engine).findFirst();
        Worker fresh = opener.orElseThrow(() -> new IllegalStateException("FastForward's jar is not complete"))
                .open(workload, threads, memoryBytes);
        worker = fresh;
        opened = id;
        return fresh;
    }

    private static ClassLoader engine() {
        URL jar = SparkJars.jarOf(Worker.class);
        return new URLClassLoader("engine", new URL[] {jar}, new ContractLoader(Worker.class.getClassLoader()));
    }

    /** Shows the contract, which the task shares with the engine, and the JDK. */
    private static final class ContractLoader extends ClassLoader {

        private final ClassLoader tasks;

        ContractLoader(ClassLoader tasks) {
            super(ClassLoader.getPlatformClassLoader());
            this.tasks = tasks;
        }

        @Override
        protected Class<?> findClass(String name) throws ClassNotFoundException {
            if (name.startsWith("io.fastforward.spi.")) {
                return tasks.loadClass(name);
            }
            throw new ClassNotFoundException(name);
        }
    }
}
