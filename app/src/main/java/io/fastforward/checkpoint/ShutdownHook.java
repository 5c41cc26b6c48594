package io.fastforward.checkpoint;

import java.util.List;

/**
 * A thread for {@link Runtime#addShutdownHook} that has to be done before the process may end. All hooks run at once, in
 * no order, so one that ends the process itself has to know the others: it waits for those of this class.
 */
public final class ShutdownHook extends Thread implements AutoCloseable {

    public ShutdownHook(Runnable task, String name) {
        super(task, name);
    }

    /** A hook that is there until it is closed. */
    public static ShutdownHook begin(Runnable task, String name) {
        ShutdownHook hook = new ShutdownHook(task, name);
        Runtime.getRuntime().addShutdownHook(hook);
        return hook;
    }

    /** Calls it off, unless the process is ending already. */
    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(this);
        } catch (IllegalStateException _) {
            // It runs, or did.
        }
    }

    /** Those that have begun and not ended, but for the one that asks. */
    public static List<Thread> running() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread instanceof ShutdownHook && !thread.equals(Thread.currentThread()))
                .toList();
    }
}
