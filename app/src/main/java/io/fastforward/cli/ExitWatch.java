package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;

/**
 * Notices that somebody else than the command line ends the process: a plugin, or a library of one, that calls
 * {@link System#exit}, with the exit code of success perhaps. It says so and ends the process with the exit code of
 * plugins, once the other shutdown hooks have left everything in order. A signal is none of its business. Closing the
 * hook calls that off.
 */
final class ExitWatch {

    private static final int POLL_MILLIS = 10;

    /** The hooks are started within microseconds; this is for when nobody can be seen to wait for them. */
    private static final int MOST_POLLS = 50;

    private ExitWatch() {}

    static ShutdownHook begin() {
        return ShutdownHook.begin(ExitWatch::endInstead, "exit-watch");
    }

    private static void endInstead() {
        if (ProcessEnd.isBySignal()) {
            return;
        }
        String caller = ProcessEnd.caller().map(ExitWatch::describe).orElse("something that cannot be told");
        System.err.println("fastforward: " + caller + " ended the process (System.exit) before the command was done; a"
                + " plugin must not do so: ask its author, or do without it");
        try {
            awaitOtherHooks();
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
        Runtime.getRuntime().halt(FailureKind.PLUGIN.exitCode());
    }

    private static String describe(StackTraceElement caller) {
        String loader = caller.getClassLoaderName(); // that of a plugin has the name of its jar
        return OneLine.of(caller.getClassName() + "." + caller.getMethodName())
                + (loader == null ? "" : " (" + OneLine.of(loader) + ")");
    }

    private static void awaitOtherHooks() throws InterruptedException {
        for (int i = 0; i < MOST_POLLS && !ProcessEnd.areHooksStarted(); i++) {
            Thread.sleep(POLL_MILLIS);
        }
        for (Thread other : ShutdownHook.running()) {
            other.join();
        }
    }
}
