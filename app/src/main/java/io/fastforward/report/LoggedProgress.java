package io.fastforward.report;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.PlainText;
import io.fastforward.failure.Reason;
import io.fastforward.spi.backend.DeviceException;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.function.Function;

/** Passes progress on and keeps its lines, with their times, in a log file. */
public final class LoggedProgress implements Progress, AutoCloseable {

    private final Progress shown;
    private final Path file;
    private final BufferedWriter log;

    private LoggedProgress(Progress shown, Path file, BufferedWriter log) {
        this.shown = shown;
        this.file = file;
        this.log = log;
    }

    /** Appends to a log file. */
    public static LoggedProgress open(Progress shown, Path file) {
        try {
            return new LoggedProgress(
                    shown,
                    file,
                    Files.newBufferedWriter(
                            file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND));
        } catch (IOException e) {
            throw new Failure(FailureKind.STORAGE, "cannot write the log " + file + ": " + Reason.of(e), e);
        }
    }

    /** Does something with a log that also says why it ended. */
    public static <T> T during(Progress shown, Path file, Function<Progress, T> work) {
        try (LoggedProgress progress = open(shown, file)) {
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
    }

    @Override
    public void begin(String stage, long total) {
        write(stage);
        shown.begin(stage, total);
    }

    @Override
    public void advance(long done, String detail) {
        shown.advance(done, detail);
    }

    @Override
    public void end(String outcome) {
        write("  " + outcome);
        shown.end(outcome);
    }

    @Override
    public void note(String line) {
        write(line);
        shown.note(line);
    }

    /** Writes a line into the log alone: others tell the user. */
    public void log(String line) {
        write(line);
    }

    @Override
    public void close() {
        try {
            log.close();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void write(String line) {
        try {
            log.write(PlainText.of(Instant.now().truncatedTo(ChronoUnit.SECONDS) + " " + line + "\n"));
            log.flush();
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private Failure failed(IOException e) {
        return new Failure(FailureKind.STORAGE, "cannot write the log " + file + ": " + Reason.of(e), e);
    }
}
