package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.PlainText;
import io.fastforward.spi.DeviceException;
import java.io.UncheckedIOException;

/**
 * What a user is told about what ended a command.
 *
 * @param kind decides the exit code
 * @param line one line
 */
record Explanation(FailureKind kind, String line) {

    Explanation {
        line = PlainText.line(line);
    }

    static Explanation of(Throwable failure) {
        return switch (failure) {
            case Failure known -> new Explanation(known.kind(), message(known));
            case OutOfMemoryError e ->
                new Explanation(
                        FailureKind.DEVICE,
                        "out of memory: " + message(e) + "; use fewer or shorter windows, or give Java a larger heap,"
                                + " for example with the environment variable JAVA_TOOL_OPTIONS=-Xmx16g");
            case DeviceException e -> new Explanation(FailureKind.DEVICE, message(e));
            case UncheckedIOException e ->
                new Explanation(FailureKind.STORAGE, "reading or writing failed: " + message(e));
            // How the JVM tells that the pages of a mapped file cannot be had.
            case InternalError e
            when message(e).contains("unsafe memory access") ->
                new Explanation(
                        FailureKind.STORAGE,
                        "a file of the model could not be read: it was cut off while it was in use, or its disk"
                                + " fails");
            default ->
                new Explanation(
                        FailureKind.INTERNAL,
                        "this is a defect of FastForward, please report it with the stack trace that --verbose"
                                + " prints: " + failure.getClass().getSimpleName() + ": " + message(failure));
        };
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
