package io.fastforward.cli;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.PlainText;
import io.fastforward.failure.Reason;
import io.fastforward.spi.backend.DeviceException;
import java.io.UncheckedIOException;
import java.util.Locale;

/**
 * What a user is told about what ended a command.
 *
 * @param kind decides the exit code
 * @param line one line
 */
record Explanation(FailureKind kind, String line) {

    Explanation {
        line = PlainText.line(OptionNames.in(line));
    }

    static Explanation of(Throwable failure) {
        return switch (failure) {
            case Failure known -> new Explanation(known.kind(), message(known));
            case OutOfMemoryError e ->
                new Explanation(FailureKind.DEVICE, "out of memory: " + message(e) + "; " + memoryAdvice(e));
            case DeviceException e -> new Explanation(FailureKind.DEVICE, message(e));
            case UncheckedIOException e ->
                new Explanation(FailureKind.STORAGE, "reading or writing failed: " + reason(e));
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

    private static String reason(UncheckedIOException failure) {
        return failure.getCause() == null ? message(failure) : Reason.of(failure.getCause());
    }

    /** What helps depends on which memory it was: Java has several. */
    private static String memoryAdvice(OutOfMemoryError e) {
        String message = message(e).toLowerCase(Locale.ROOT);
        if (message.contains("array size") || message.contains("exceeds implementation limit")) {
            return "a file or text is too large to be read in one piece; give a smaller one";
        }
        if (message.contains("direct buffer")) {
            return setting("-XX:MaxDirectMemorySize=16g");
        }
        if (message.contains("metaspace") || message.contains("class space")) {
            return "the classes of the plugins need more; " + setting("-XX:MaxMetaspaceSize=1g");
        }
        if (message.contains("native thread")) {
            return "the system allows no more threads; give fewer --threads, or raise its limit (ulimit -u, or the pids"
                    + " limit of a container)";
        }
        if (message.contains("java heap") || message.contains("gc overhead")) {
            long heap = Runtime.getRuntime().maxMemory() >> 20;
            return "texts, tokens and what is known of the tensors lie in the Java heap, which may have " + heap
                    + " MiB; give smaller texts, or more of it: " + setting("-Xmx" + 2 * heap + "m");
        }
        return "the machine, or the limit for this process, has no more; use fewer or shorter windows, or a smaller"
                + " --memory";
    }

    private static String setting(String flag) {
        return "set the environment variable JAVA_TOOL_OPTIONS=" + flag;
    }

    private static String message(Throwable failure) {
        String message = failure.getMessage();
        return message == null ? failure.getClass().getSimpleName() : message;
    }
}
