package io.fastforward.worker;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.failure.Reason;
import io.fastforward.spi.search.TrialBatch;
import io.fastforward.spi.search.TrialExecutor.Result;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A worker in a process of its own, which was given its workload. Used by one thread at a time, but for {@link #close}. */
final class WorkerProcess implements AutoCloseable {

    private static final int MOST_ERROR_OUTPUT = 1 << 14;
    private static final long END_SECONDS = 10;

    /** How processes end that are sent SIGINT or SIGTERM. */
    private static final List<Integer> TOLD_TO_END = List.of(128 + 2, 128 + 15);

    private static final long SAME_END_MILLIS = 2000;

    /** How FastForward begins the line that says why it ends. */
    private static final String REASON = "fastforward: ";

    private final LaunchCommand command;
    private final Process process;
    private final Writer batches;
    private final BufferedReader answers;
    private final Thread errorReader;

    /** The end of what it wrote to standard error; changed by the thread that reads that alone. */
    private volatile String errors = "";

    private WorkerProcess(LaunchCommand command, Process process) {
        this.command = command;
        this.process = process;
        this.batches = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
        this.errorReader =
                Thread.ofPlatform().daemon().name(command.name() + " errors").start(this::readErrors);
    }

    /**
     * Starts a process. Whether it can evaluate the workload shows with the first batch.
     *
     * @param workload a line
     * @throws Failure if no process can be started
     * @throws WorkerLost if it ends at once
     */
    static WorkerProcess start(LaunchCommand command, String workload) throws WorkerLost {
        WorkerProcess started;
        try {
            started = new WorkerProcess(command, command.start());
        } catch (IOException e) {
            throw FailureKind.PLUGIN.failure(command.name() + " cannot be started: " + Reason.of(e), e);
        }
        try {
            started.send(workload);
            return started;
        } catch (Throwable e) {
            started.close();
            throw e;
        }
    }

    /**
     * Has a batch evaluated.
     *
     * @throws Failure if the worker refuses it, and would do so again
     * @throws WorkerLost if it ended before it answered
     */
    List<Result> evaluate(TrialBatch batch) throws WorkerLost {
        send(WorkerLines.of(batch));
        String answer;
        try {
            answer = answers.readLine();
        } catch (IOException e) {
            throw lost();
        }
        if (answer == null) {
            throw lost();
        }
        return WorkerLines.results(answer, "what " + command.name() + " answered");
    }

    private void send(String line) throws WorkerLost {
        try {
            batches.write(line);
            batches.write('\n');
            batches.flush();
        } catch (IOException e) {
            throw lost();
        }
    }

    /** What came of a process that no longer answers; a failure that would come again is thrown. */
    private WorkerLost lost() {
        int exitCode = end();
        if (TOLD_TO_END.contains(exitCode)) {
            pause(); // Ctrl-C is for all processes of a terminal: then this one is about to end, and nothing is lost
        }
        String reason = errors.lines()
                .filter(line -> line.startsWith(REASON))
                .reduce((first, last) -> last)
                .map(line -> OneLine.of(line.substring(REASON.length())))
                .orElse("");
        boolean explained = Arrays.stream(FailureKind.values()).anyMatch(kind -> kind.exitCode() == exitCode);
        if (explained && !reason.isEmpty()) {
            throw FailureKind.PLUGIN.failure(command.name() + " refuses its work: " + reason);
        }
        return new WorkerLost(command.name() + " ended with exit code " + exitCode
                + errors.lines()
                        .reduce((first, last) -> last)
                        .map(line -> ": " + OneLine.of(line))
                        .orElse(""));
    }

    private static void pause() {
        try {
            Thread.sleep(SAME_END_MILLIS);
        } catch (InterruptedException _) {
            Thread.currentThread().interrupt();
        }
    }

    /** Waits until the process has ended, whose streams have. */
    private int end() {
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            errorReader.join(TimeUnit.SECONDS.toMillis(END_SECONDS));
            return process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            throw new IllegalStateException("interrupted while " + command.name() + " ended", e);
        }
    }

    private void readErrors() {
        try (BufferedReader reader = process.errorReader(StandardCharsets.UTF_8)) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                String all = errors + line + "\n";
                errors = all.substring(Math.max(0, all.length() - MOST_ERROR_OUTPUT));
            }
        } catch (IOException | UncheckedIOException _) {
            // It has ended, and what it said until then is there.
        }
    }

    /** Ends it, whatever it is doing. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
    }
}
