package io.fastforward.failure;

import org.jspecify.annotations.Nullable;

/** The kinds of failure that a caller may want to tell apart, each with an exit code of its own. */
public enum FailureKind {
    /** The command line makes no sense: unknown options, values out of range. */
    USAGE(2),
    /** A file or directory that was asked for does not exist or cannot be read. */
    NOT_FOUND(3),
    /** A checkpoint is damaged: truncated, malformed, inconsistent. */
    BAD_CHECKPOINT(4),
    /** A checkpoint is fine but holds something that FastForward does not handle: architecture, data type. */
    UNSUPPORTED_MODEL(5),
    /** Weights or activations are NaN or infinite. */
    NOT_FINITE(6),
    /** No policy meets the budget. */
    UNREACHABLE_SPARSITY(7),
    /** A text is not UTF-8, or too short for what is asked. */
    BAD_TEXT(8),
    /** The output directory or that of the record holds something, or another process is working on it. */
    OUTPUT_NOT_EMPTY(9),
    /** A plugin is unknown, broken, or there twice, or does not keep to its contract. */
    PLUGIN(10),
    /** Writing failed: disk full, no permission. */
    STORAGE(11),
    /** No device serves, or it failed. */
    DEVICE(12),
    /** A policy file, or the record of a run to resume, is damaged or belongs to something else. */
    BAD_RECORD(13),
    /** What was written does not give the results of the model in memory. */
    VERIFICATION(14),
    /** Of several runs, some failed. */
    RUNS(15),
    /** A defect of FastForward. */
    INTERNAL(70);

    private final int exitCode;

    FailureKind(int exitCode) {
        this.exitCode = exitCode;
    }

    /**
     * A failure of this kind.
     *
     * @param message one line: what, where, what was expected, what to do
     */
    public Failure failure(String message) {
        return failure(message, null);
    }

    /**
     * A failure of this kind that something else led to.
     *
     * @param message one line: what, where, what was expected, what to do
     */
    public Failure failure(String message, @Nullable Throwable cause) {
        return new Failure(this, message, cause);
    }

    /** The exit code of the process. */
    public int exitCode() {
        return exitCode;
    }
}
