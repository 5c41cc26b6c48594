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

    private final Path model;
    private final Path output;
    private final Path record;
    private final boolean resume;

    private Destination(Path model, Path output, Path record, boolean resume) {
        this.model = model;
        this.output = output;
        this.record = record;
        this.resume = resume;
    }

    /** Where a pruning run writes. */
    Destination(PruneRequest request) {
        this(request.files().model(), request.output(), request.runDirectory(), request.resume());
    }

    /** Where a run writes that sets weights to zero. */
    Destination(SparsifyRequest request) {
        this(request.model(), request.output(), request.runDirectory(), request.resume());
    }

    /**
     * Checks that output and record can be written, and hold nothing that they should not.
     *
     * @throws Failure if not
     */
    void requireUsable() {
        Path realModel = RealPath.of(model);
        Path realOutput = RealPath.of(output);
        if (realOutput.startsWith(realModel)) {
            throw FailureKind.USAGE.failure("the output '" + output
                    + "' is in the model's directory; choose another one with " + Setting.OUTPUT);
        }
        requireApart(record, realModel, realOutput);
        requireFreeOutput();
        requireReplaceable(realOutput);
        // The output is written beside its final place.
        requireWritable(realOutput.getParent() == null ? realOutput : realOutput.getParent(), Setting.OUTPUT);
        requireWritable(RealPath.of(record), Setting.RUN_DIRECTORY);
    }

    /**
     * Checks that a record can be written by a run that writes nothing else.
     *
     * @throws Failure if not
     */
    static void requireRecord(Path model, Path record) {
        requireOutside(record, RealPath.of(model));
        requireWritable(RealPath.of(record), Setting.RUN_DIRECTORY);
    }

    private static void requireOutside(Path directory, Path realModel) {
        if (RealPath.of(directory).startsWith(realModel)) {
            throw FailureKind.USAGE.failure("the run directory '" + directory
                    + "' is in the model's directory; choose another one with " + Setting.RUN_DIRECTORY);
        }
    }

    private static void requireApart(Path directory, Path realModel, Path realOutput) {
        requireOutside(directory, realModel);
        if (RealPath.of(directory).startsWith(realOutput)) {
            throw FailureKind.USAGE.failure("the run directory '" + directory
                    + "' is in the output directory, which holds the model alone; choose another one with "
                    + Setting.RUN_DIRECTORY);
        }
    }

    /**
     * Checks that there is room for the output, once what killed runs left of it is gone.
     *
     * @param bytes what its weights take
     * @throws Failure if there is not, or another process is writing the same output
     */
    void requireRoom(long bytes) {
        AtomicDirectory.deleteAbandoned(output);
        if (mayHaveWritten() && Files.exists(output)) {
            return;
        }
        requireRoom(output, bytes, "the output needs ", "", "make room, or choose another " + Setting.OUTPUT);
    }

    /**
     * Checks that there is room beside a record for what goes to disk while a run works.
     *
     * @throws Failure if there is not
     */
    static void requireRoomToSpill(Path record, long bytes) {
        requireRoom(
                record,
                bytes,
                "the run keeps ",
                " of hidden states and sums on disk",
                "make room, choose another " + Setting.RUN_DIRECTORY + ", or raise " + Setting.MEMORY);
    }

    private static void requireRoom(Path place, long bytes, String whose, String what, String advice) {
        Path existing = existing(RealPath.of(place));
        try {
            long free = Files.getFileStore(existing).getUsableSpace();
            if (free < bytes) {
                throw FailureKind.STORAGE.failure(whose + megabytes(bytes) + " MB" + what + ", but '" + existing
                        + "' has " + free / 1_000_000 + " MB free; " + advice);
            }
        } catch (IOException e) {
            throw FailureKind.STORAGE.failure(
                    "cannot tell how much room there is for '" + place + "': " + Reason.of(e), e);
        }
    }

    /** Whether a run that is resumed may have written its output; whether it is that one is checked later. */
    private boolean mayHaveWritten() {
        return resume && RunRecord.holdsExport(record);
    }

    private void requireFreeOutput() {
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
    private static void requireReplaceable(Path realOutput) {
        Path parent = realOutput.getParent();
        if (!Files.exists(realOutput) || parent == null) {
            return;
        }
        try {
            if (!Files.getAttribute(realOutput, DEVICE).equals(Files.getAttribute(parent, DEVICE))) {
                throw FailureKind.STORAGE.failure(
                        "the output '" + realOutput + "' is a mount point, which cannot be replaced; choose a new"
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
