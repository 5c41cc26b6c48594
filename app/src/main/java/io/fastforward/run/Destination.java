package io.fastforward.run;

import io.fastforward.checkpoint.AtomicDirectory;
import io.fastforward.checkpoint.RealPath;
import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.Reason;
import io.fastforward.failure.Setting;
import io.fastforward.record.RunRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a run writes: its output and its record. Looked at before any work, so that nobody learns after hours of search
 * that the result cannot be kept.
 */
final class Destination {

    private static final String DEVICE = "unix:dev";

    private final PruneRequest request;

    Destination(PruneRequest request) {
        this.request = request;
    }

    /**
     * Checks that output and record can be written, and hold nothing that they should not.
     *
     * @throws Failure if not
     */
    void requireUsable() {
        Path model = RealPath.of(request.files().model());
        Path output = RealPath.of(request.output());
        Path record = RealPath.of(request.runDirectory());
        if (output.startsWith(model)) {
            throw FailureKind.USAGE.failure("the output '" + request.output()
                    + "' is in the model's directory; choose another one with " + Setting.OUTPUT);
        }
        if (record.startsWith(model)) {
            throw FailureKind.USAGE.failure("the run directory '" + request.runDirectory()
                    + "' is in the model's directory; choose another one with " + Setting.RUN_DIRECTORY);
        }
        if (record.startsWith(output)) {
            throw FailureKind.USAGE.failure(
                    "the run directory '" + request.runDirectory() + "' is in the output directory, which holds"
                            + " the pruned model alone; choose another one with " + Setting.RUN_DIRECTORY);
        }
        requireFreeOutput();
        requireReplaceable(output);
        // The output is written beside its final place.
        requireWritable(output.getParent() == null ? output : output.getParent(), Setting.OUTPUT);
        requireWritable(record, Setting.RUN_DIRECTORY);
    }

    /**
     * Checks that there is room for the output, once what killed runs left of it is gone.
     *
     * @param bytes what its weights take
     * @throws Failure if there is not, or another process is writing the same output
     */
    void requireRoom(long bytes) {
        AtomicDirectory.deleteAbandoned(request.output());
        if (mayHaveWritten() && Files.exists(request.output())) {
            return;
        }
        Path existing = existing(RealPath.of(request.output()));
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            if (free < bytes) {
                throw FailureKind.STORAGE.failure("the pruned model needs " + megabytes(bytes) + " MB, but '" + existing
                        + "' has " + free / 1_000_000 + " MB free; make room, or choose another " + Setting.OUTPUT);
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot tell how much room there is for '" + request.output() + "': " + Reason.of(e), e);
        }
    }

    /** Whether a run that is resumed may have written its output; whether it is that one is checked later. */
    private boolean mayHaveWritten() {
        return request.resume() && RunRecord.holdsExport(request.runDirectory());
    }

    private void requireFreeOutput() {
        Path output = request.output();
        if (!Files.exists(output) || mayHaveWritten()) {
            return;
        }
        try {
            if (!AtomicDirectory.children(output).isEmpty()) {
                throw FailureKind.OUTPUT_NOT_EMPTY.failure("the output directory '" + output
                        + "' is not empty; choose another one with " + Setting.OUTPUT);
            }
        } catch (IOException e) {
            throw FailureKind.OUTPUT_NOT_EMPTY.failure(
                    "the output '" + output + "' exists and is not a directory that can be read; choose another one"
                            + " with " + Setting.OUTPUT,
                    e);
        }
    }

    /** An empty directory gives way to the output, which a mount point cannot. */
    private static void requireReplaceable(Path output) {
        Path parent = output.getParent();
        if (!Files.exists(output) || parent == null) {
            return;
        }
        try {
            if (!Files.getAttribute(output, DEVICE).equals(Files.getAttribute(parent, DEVICE))) {
                throw FailureKind.STORAGE.failure(
                        "the output '" + output + "' is a mount point, which cannot be replaced; choose a new"
                                + " directory inside it with " + Setting.OUTPUT);
            }
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException _) {
            // Not a Unix system, or it does not tell.
        }
    }

    private static void requireWritable(Path path, Setting setting) {
        Path existing = existing(path);
        if (!Files.isDirectory(existing)) {
            throw FailureKind.STORAGE.failure(
                    "cannot make '" + path + "': '" + existing + "' is not a directory; choose another " + setting);
        }
        if (!Files.isWritable(existing)) {
            throw FailureKind.STORAGE.failure(
                    "cannot write into '" + existing + "': permission denied; choose another " + setting);
        }
    }

    /** The path or the nearest directory above it that exists. */
    private static Path existing(Path absolute) {
        Path existing = absolute;
        while (!Files.exists(existing) && existing.getParent() != null) {
            existing = existing.getParent();
        }
        return existing;
    }

    private static long megabytes(long bytes) {
        return Math.ceilDiv(bytes, 1_000_000);
    }
}
