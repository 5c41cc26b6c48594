package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import java.util.List;

/**
 * Ends the process although somebody else's shutdown hook, such as a plugin's, does not come to an end: the JVM would
 * wait for it for ever, and a signal would not change that. Our own hooks are waited for, however long they take.
 */
final class OverdueEnd {

    private static final int PATIENCE_MILLIS = 10_000;

    private volatile int exitCode;

    /** @param exitCode of a process that a signal ends before the command is done */
    private OverdueEnd(int exitCode) {
        this.exitCode = exitCode;
    }

    /** Watches the end of this process. */
    static OverdueEnd watch(int exitCodeOfSignals) {
        OverdueEnd end = new OverdueEnd(exitCodeOfSignals);
        ShutdownHook.begin(end::begin, "begin-end");
        return end;
    }

    /** The command is done. */
    void expect(int code) {
        exitCode = code;
    }

    /** A daemon: nobody waits for it, and it is gone with the process if all hooks end. */
    private void begin() {
        Thread.ofPlatform().daemon().name("overdue-end").start(this::endAnyway);
    }

    private void endAnyway() {
        try {
            List<Thread> own;
            do {
                Thread.sleep(
                        PATIENCE_MILLIS); // also once ours are done: then nothing may be left, and the process ends
                own = ShutdownHook.running();
                for (Thread hook : own) {
                    hook.join();
                }
            } while (!own.isEmpty());
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        System.err.println("fastforward: what a plugin or library does at the end of the process takes too long; ending"
                + " without it");
        Runtime.getRuntime().halt(exitCode);
    }
}
