package io.fastforward.plugin;

import io.fastforward.failure.Failure;
import io.fastforward.failure.FailureKind;
import io.fastforward.failure.OneLine;
import io.fastforward.spi.OptionSpec;
import io.fastforward.spi.Options;
import io.fastforward.spi.backend.DeviceException;
import java.io.PrintWriter;
import java.io.Writer;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Which plugin it is that is called, and what it says about itself. Whatever goes wrong in a call ends in a failure that
 * names it, so that a user sees whom to ask, and so that nothing that a plugin does looks like a defect of FastForward.
 *
 * @param kind its kind
 * @param id its id
 * @param origin the jar or directory that it came from
 * @param external whether it is not one of the application's own
 * @param description what it does, in one line
 * @param options those that it understands
 */
record CalledPlugin(
        String kind, String id, String origin, boolean external, String description, List<OptionSpec> options) {

    /** Causes of causes may go round in a circle. */
    private static final int MOST_CAUSES = 100;

    /** A reason of the JDK's names the path of a jar before it says anything. */
    private static final int LONGEST_MESSAGE = 600;

    private static final int QUOTED_AT_ONCE = 150;

    /** How the JVM tells that the pages of a mapped file cannot be had: weights are read where plugins run. */
    private static final String UNREADABLE_PAGES = "unsafe memory access";

    /**
     * Calls the plugin.
     *
     * @param doing what it was asked to do, for the message: "scoring"
     * @return what it gave, not null
     * @throws Failure of kind {@link FailureKind#PLUGIN} if it gave null or threw anything, but for what {@link #thrown}
     *     passes on
     */
    <R> R call(String doing, Supplier<? extends @Nullable R> call) {
        return call(doing, call, Failure.class);
    }

    /** @param passed what the caller gets as the plugin threw it */
    private <R> R call(String doing, Supplier<? extends @Nullable R> call, Class<? extends Throwable> passed) {
        R result;
        try {
            result = call.get();
        } catch (Throwable e) {
            if (passed.isInstance(e)) {
                throw e;
            }
            throw thrown(doing, e);
        } finally {
            clearInterrupt();
        }
        return requireGiven(doing, result);
    }

    /** Asks what scratch memory something takes. */
    long scratchBytes(Supplier<Long> call) {
        long bytes = call("telling what memory it takes", call);
        if (bytes < 0) {
            throw failure("says that it takes " + bytes + " bytes of memory");
        }
        return bytes;
    }

    /** Asks how much something takes that a run's time is estimated with. */
    double multiplyAdds(Supplier<Double> call) {
        double count = call("telling how long it takes", call);
        if (!(count >= 0) || Double.isInfinite(count)) {
            throw failure("says that it takes " + count + " multiply-adds, expected a finite number of at least 0");
        }
        return count;
    }

    /** Calls the plugin for nothing but the effect. */
    void run(String doing, Runnable call) {
        call(doing, () -> {
            call.run();
            return true;
        });
    }

    /**
     * Calls a plugin whose contract lets it reject what it is given.
     *
     * @throws IllegalArgumentException as the plugin threw it
     */
    <R> R callThatMayReject(String doing, Supplier<? extends @Nullable R> call) {
        return call(doing, call, IllegalArgumentException.class);
    }

    /** Calls a backend, which may say that a device has no room. */
    <R> R callOnDevice(String doing, Supplier<? extends @Nullable R> call) {
        return call(doing, call, OutOfMemoryError.class);
    }

    /**
     * Calls a plugin that is given the user's options, each of them checked: it may say that they do not go together.
     *
     * @throws Failure of kind {@link FailureKind#USAGE} if it does, and the user gave any
     */
    <R> R callWithOptions(String doing, Options options, Supplier<? extends @Nullable R> call) {
        try {
            return callThatMayReject(doing, call);
        } catch (IllegalArgumentException e) {
            throw options.given()
                    ? FailureKind.USAGE.failure(kind + " '" + id + "': " + message(e), printable(e))
                    : failed(doing, e);
        }
    }

    /** A failure of the plugin. */
    Failure failure(String what) {
        return failure(what, null);
    }

    /** A failure of the plugin that says what it threw. */
    Failure failed(String doing, Throwable thrown) {
        String advice = thrown instanceof OutOfMemoryError
                ? "; use fewer or shorter windows, or give Java a larger heap, for example with the environment variable"
                        + " JAVA_TOOL_OPTIONS=-Xmx16g"
                : "";
        return failure("failed when " + doing + ": " + describe(thrown) + advice, thrown);
    }

    /**
     * What a call ends with in which the plugin threw something: a failure that says so, but failures of the engine that
     * came through the plugin, failures of devices, and want of memory where no stranger may be the cause of it, are
     * thrown as they are.
     */
    Failure thrown(String doing, Throwable thrown) {
        return switch (thrown) {
            case Failure e -> throw e;
            case DeviceException e -> throw e;
            case InternalError e when message(e).contains(UNREADABLE_PAGES) -> throw e;
            case OutOfMemoryError e when !external -> throw e;
            default -> failed(doing, thrown);
        };
    }

    <R> R requireGiven(String doing, @Nullable R result) {
        if (result == null) {
            throw failure("gave null when " + doing);
        }
        return result;
    }

    /** The innermost reason of something that a plugin threw, in one line. */
    static String describe(Throwable thrown) {
        Throwable innermost = thrown;
        try {
            for (int i = 0; i < MOST_CAUSES && innermost.getCause() != null; i++) {
                innermost = innermost.getCause();
            }
        } catch (Throwable _) { // its exceptions are the plugin's code too
            innermost = thrown;
        }
        String message = message(innermost);
        String type = innermost.getClass().getSimpleName();
        return message.isEmpty() ? type : type + ": " + message;
    }

    private Failure failure(String what, @Nullable Throwable cause) {
        return FailureKind.PLUGIN.failure(
                kind + " '" + id + "' (" + origin + ") " + what, cause == null ? null : printable(cause));
    }

    private static String message(Throwable thrown) {
        try {
            String message = String.valueOf(thrown.getMessage() == null ? "" : thrown.getMessage());
            String line = message.strip().lines().findFirst().orElse("");
            StringBuilder quoted = new StringBuilder();
            for (int start = 0; start < Math.min(line.length(), LONGEST_MESSAGE); start += QUOTED_AT_ONCE) {
                quoted.append(OneLine.of(line.substring(start, Math.min(line.length(), start + QUOTED_AT_ONCE))));
            }
            return quoted + (line.length() > LONGEST_MESSAGE ? "…" : "");
        } catch (Throwable _) {
            return "";
        }
    }

    /** Nothing if it cannot be shown: an exception whose own methods throw would end the process when it is printed. */
    static @Nullable Throwable printable(Throwable cause) {
        try {
            cause.printStackTrace(new PrintWriter(Writer.nullWriter()));
            return cause;
        } catch (Throwable _) {
            return null;
        }
    }

    /** An interrupt that a plugin left behind would close the next file that is read or written. */
    static void clearInterrupt() {
        boolean _ = Thread.interrupted();
    }
}
