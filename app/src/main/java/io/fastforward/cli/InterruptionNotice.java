package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.PlainText;
import io.fastforward.record.RunRecord;
import java.nio.file.Path;
import java.util.function.Supplier;

/** Tells a user who presses Ctrl-C what that ends, and how to go on if one can. Closing it calls that off. */
final class InterruptionNotice implements AutoCloseable {

    private final Thread hook;

    private InterruptionNotice(Thread hook) {
        this.hook = hook;
    }

    static InterruptionNotice about(Path runDirectory) {
        return saying(() -> RunRecord.holdsRun(runDirectory)
                ? "what was finished is in '" + runDirectory + "'; run the same command with --resume to go on"
                : "nothing was finished that one could go on from");
    }

    static InterruptionNotice ofText() {
        return saying(() -> "the text is not complete");
    }

    private static InterruptionNotice saying(Supplier<String> consequence) {
        Thread hook = new ShutdownHook(
                () -> {
                    if (!ProcessEnd.isBySignal()) {
                        return; // which was told elsewhere
                    }
                    // On a terminal, ^C and perhaps a progress bar stand in the line.
                    System.err.print(Terminal.isStandardError() ? "\n" : "");
                    System.err.println(PlainText.line("fastforward: interrupted; " + consequence.get()));
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
