package io.fastforward.run;

/**
 * Cleans up when the process is told to end (Ctrl-C) while something half-written is on disk. Closing it calls the
 * cleaning off.
 */
final class Interruption implements AutoCloseable {

    private final Thread hook;

    private Interruption(Thread hook) {
        this.hook = hook;
    }

    static Interruption cleanup(Runnable cleaning) {
        Thread hook = new Thread(cleaning, "cleanup");
        Runtime.getRuntime().addShutdownHook(hook);
        return new Interruption(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending already, and the hook does its work.
        }
    }
}
