package io.fastforward.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Tells a user who presses Ctrl-C what is kept and how to go on. Closing it calls that off. */
final class InterruptionNotice implements AutoCloseable {

    private final Thread hook;

    private InterruptionNotice(Thread hook) {
        this.hook = hook;
    }

    static InterruptionNotice about(Path runDirectory) {
        Thread hook = new Thread(
                () -> {
                    if (Files.exists(runDirectory)) {
                        System.err.println("\nfastforward: interrupted; what was finished is in " + runDirectory
                                + "; run the same command with --resume to go on");
                    }
                },
                "interruption-notice");
        Runtime.getRuntime().addShutdownHook(hook);
        return new InterruptionNotice(hook);
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException _) {
            // The process is ending already, and the hook has told it.
        }
    }
}
