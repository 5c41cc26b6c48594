package io.fastforward.cli;

import io.fastforward.checkpoint.ShutdownHook;
import io.fastforward.failure.PlainText;
import io.fastforward.record.RunRecord;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/** Tells a user who presses Ctrl-C what that ends, and how to go on if one can. Closing the hook calls that off. */
final class InterruptionNotice {

    private InterruptionNotice() {}

    static ShutdownHook about(Path runDirectory) {
        return saying(() -> RunRecord.holdsStage(runDirectory)
                ? "what was finished is in '" + runDirectory + "'; run the same command with --resume to go on"
                : "nothing was finished that one could go on from");
    }

    /**
     * About several runs.
     *
     * @param output directory of all of them
     * @param runDirectories those of their records
     */
    static ShutdownHook about(Path output, List<Path> runDirectories) {
        return saying(() -> runDirectories.stream().anyMatch(RunRecord::holdsStage)
                ? "what was finished is in '" + output + "'; run the same command with --resume to go on"
                : "nothing was finished that one could go on from");
    }

    static ShutdownHook ofText() {
        return saying(() -> "the text is not complete");
    }

    private static ShutdownHook saying(Supplier<String> consequence) {
        return ShutdownHook.begin(
                () -> {
                    if (!ProcessEnd.isBySignal()) {
                        return; // which was told elsewhere
                    }
                    // On a terminal, ^C and perhaps a progress bar stand in the line.
                    System.err.print(Terminal.isStandardError() ? "\n" : "");
                    System.err.println(PlainText.line("fastforward: interrupted; " + consequence.get()));
                },
                "interruption-notice");
    }
}
