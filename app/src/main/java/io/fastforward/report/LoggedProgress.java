package io.fastforward.report;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.PlainText;
import io.fastforward.failure.Reason;
import io.fastforward.spi.backend.DeviceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Function;

/**
 * Passes progress on and keeps its lines, with their times, in a log file.
 *
 * @param shown where it is passed on to
 * @param file what it is appended to
 */
public record LoggedProgress(Progress shown, Path file) implements Progress {

    /**
     * Does something with a log that also says why it ended.
     *
     * @throws Failure of kind {@link FailureKind#STORAGE}, at once, if the log cannot be written
     */
    public static <T> T during(Progress shown, Path file, Function<Progress, T> work) {
        append(file, "");
        LoggedProgress progress = new LoggedProgress(shown, file);
        try {
            return work.apply(progress);
        } catch (Failure | DeviceException | OutOfMemoryError e) {
            try {
                progress.log("Failed: " + e.getMessage());
            } catch (Failure log) {
                e.addSuppressed(log); // the disk is full, say
            }
            throw e;
        }
    }

    @Override
    public void begin(String stage, long total) {
        log(stage);
        shown.begin(stage, total);
    }

    @Override
    public void begin(String stage, long total, long done) {
        log(stage);
        shown.begin(stage, total, done);
    }

    @Override
    public void advance(long done, String detail) {
        shown.advance(done, detail);
    }

    @Override
    public void end(String outcome) {
        log("  " + outcome);
        shown.end(outcome);
    }

    @Override
    public void note(String line) {
        log(line);
        shown.note(line);
    }

    /** Writes a line into the log alone: others tell the user. */
    private void log(String line) {
        append(file, PlainText.of(Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + line + "\n"));
    }

    private static void append(Path file, String text) {
        try {
            Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure("cannot write the log " + file + ": " + Reason.of(e), e);
        }
    }
}
